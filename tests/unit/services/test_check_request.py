"""Everything that can be wrong is found before anything is written, with its field."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.catalog import Network
from chalicelib.domain.errors import (
    AlreadyExists,
    CapacityExceeded,
    InvalidRequest,
    QuotaExceeded,
    RequestTooLarge,
)
from chalicelib.domain.quota import Amount
from chalicelib.services.check_request import check_request
from tests.fakes.world import (
    CIRROS,
    EXPERIMENT,
    HIDDEN_FLAVOR,
    HIDDEN_IMAGE,
    PROJECT,
    START,
    TINY,
    World,
    want,
)


def check(world: World, *wanted, **changes):
    return check_request(world.backend, world.request(*wanted, **changes), PROJECT, EXPERIMENT)


def refused(world: World, error, *wanted, **changes):
    with pytest.raises(error) as caught:
        check(world, *wanted, **changes)
    assert type(caught.value) is error
    return {e.field: e.message for e in caught.value.field_errors}


def test_references_are_resolved_to_the_clouds_own(world):
    (found,) = check(
        world, want(network_names=("lab", "neutron-public"), public_ipv4=True)
    ).resources
    assert found.spec.network_names == ("lab", "public")
    assert found.spec.public_ipv4
    placement = found.placement
    assert placement.network_refs == ("neutron-lab", "neutron-public")
    assert (placement.disk_image_ref, placement.flavor_ref) == ("glance-ubuntu", "nova-small")
    assert (placement.vcpus, placement.ram_mib) == (1, 1024)
    assert (placement.default_username, placement.has_cloud_init) == ("ubuntu", True)


def test_a_vm_that_names_no_network_gets_the_default(world):
    assert check(world).resources[0].placement.network_refs == ("neutron-public",)


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"disk_image_id": "nope"}, "disk_image_id", "GET /disk-images"),
        ({"disk_image_id": HIDDEN_IMAGE.id}, "disk_image_id", "no disk image"),
        ({"flavor_id": "nope"}, "flavor_id", "GET /flavors"),
        ({"flavor_id": HIDDEN_FLAVOR.id}, "flavor_id", "no flavor"),
        ({"flavor_id": TINY.id}, "flavor_id", "needs 512 MiB"),
        ({"network_names": ("nope",)}, "network_name", "Known: lab, public."),
        ({"network_names": ("old",)}, "network_name", "no network old"),
        ({"network_names": ("external",)}, "network_name", "no network external"),
        ({"user_data": "#!/bin/sh\n" + "x" * 60_000}, "userdata", "bytes too long"),
    ],
)
def test_a_wrong_field_is_named(world, changes, field, text):
    errors = refused(world, InvalidRequest, want("fine"), want("wrong", **changes))
    assert set(errors) == {f"resources[1].{field}"}
    assert text in errors[f"resources[1].{field}"]


def test_all_wrong_fields_are_named_at_once(world):
    world.claims.names[EXPERIMENT, "taken"] = "r-other"
    wrong = want("taken", disk_image_id="nope", flavor_id="nope", network_names=("nope",))
    with pytest.raises(InvalidRequest, match="3 more") as caught:
        check(world, wrong)
    assert [error.field.split(".")[1] for error in caught.value.field_errors] == [
        "disk_image_id",
        "flavor_id",
        "network_name",
        "friendly_name",
    ]


def test_public_addresses_need_an_external_network(world):
    world.catalog.delete(Network, "network-external")
    assert "resources[0].public_ipv4" in refused(world, InvalidRequest, want(public_ipv4=True))


def test_the_end_is_checked(world):
    assert "expires_at" in refused(world, InvalidRequest, expires_at=START)
    late = START + timedelta(days=90)
    assert "expires_at" in refused(world, InvalidRequest, expires_at=late)


def test_names_are_unique_in_the_experiment_and_the_request(world):
    world.claims.names[EXPERIMENT, "taken"] = "r-other"
    world.claims.names["exp-2", "free"] = "r-foreign"
    errors = refused(world, AlreadyExists, want("taken"), want("free"), want("free"))
    assert set(errors) == {"resources[0].friendly_name", "resources[2].friendly_name"}
    assert "in this experiment" in errors["resources[0].friendly_name"]
    assert "in this request" in errors["resources[2].friendly_name"]


def test_a_request_has_a_largest_size():
    world = World(max_resources_per_request=2)
    wanted = [want(name) for name in "abc"]
    assert check(world, *wanted[:2])
    assert refused(world, RequestTooLarge, *wanted) == {"resources": "too many"}


def test_what_never_fits_is_told_from_what_does_not_fit_now():
    world = World(project_quota=Amount(2, 40, 102_400))
    assert check(world, want("a"), want("b"))
    assert "resources" in refused(world, CapacityExceeded, want("a"), want("b"), want("c"))
    world.claims.reserve_quota(PROJECT, {"r-1": Amount(1, 1, 1)}, Amount(9, 9, 9))
    assert (
        "leaves 1 of instances" in refused(world, QuotaExceeded, want("a"), want("b"))["resources"]
    )


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"user_data": "hello"}, "resources[0].userdata begins with none of the forms"),
        ({"disk_image_id": CIRROS.id}, "has no cloud-init: userdata and SSH keys will be ignored"),
    ],
)
def test_what_will_be_ignored_is_a_warning(world, changes, warning):
    warnings = check(world, want(**changes), warnings=("from the edge",)).warnings
    assert warnings[0] == "from the edge"
    assert len(warnings) == 2
    assert warning in warnings[1]


def test_an_image_without_cloud_init_and_nothing_to_ignore_is_fine(world):
    assert not check(world, want(disk_image_id=CIRROS.id), ssh_authorized_keys=()).warnings


def test_user_data_that_just_fits_is_taken_and_a_little_more_is_not(world):
    check(world, want(user_data="#!" + "x" * 34_300))
    errors = refused(world, InvalidRequest, want(user_data="#!" + "x" * 34_500))
    assert "resources[0].userdata" in errors
