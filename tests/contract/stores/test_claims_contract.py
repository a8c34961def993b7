"""Claims and the catalog."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from msgspec.structs import replace

from chalicelib.adapters.dynamodb.stores import Stores
from chalicelib.domain.catalog import CatalogState, CloudLimits, DiskImage, Flavor, Network
from chalicelib.domain.ids import IdKind
from chalicelib.domain.quota import Amount
from tests.contract.stores.samples import NOW, in_threads, make_disk_image, new_id

ONE = Amount(1, 2, 1024)
LIMIT = Amount(10, 40, 102400)


@pytest.fixture
def project_id() -> str:
    return new_id(IdKind.PROJECT)


# --- names -----------------------------------------------------------------------------------


def test_a_name_is_held_by_one_resource(stores: Stores) -> None:
    claims, experiment_id = stores.claims, new_id(IdKind.EXPERIMENT)

    assert claims.name_holder(experiment_id, "node1") is None
    assert claims.hold_name(experiment_id, "node1", "a")
    assert claims.hold_name(experiment_id, "node1", "a")
    assert not claims.hold_name(experiment_id, "node1", "b")
    assert claims.name_holder(experiment_id, "node1") == "a"
    assert claims.hold_name(new_id(IdKind.EXPERIMENT), "node1", "b")


def test_only_the_holder_frees_a_name(stores: Stores) -> None:
    claims, experiment_id = stores.claims, new_id(IdKind.EXPERIMENT)
    claims.hold_name(experiment_id, "node1", "a")

    claims.free_name(experiment_id, "node1", "b")
    assert claims.name_holder(experiment_id, "node1") == "a"

    claims.free_name(experiment_id, "node1", "a")
    claims.free_name(experiment_id, "node1", "a")
    assert claims.name_holder(experiment_id, "node1") is None


def test_one_of_many_gets_a_name(stores: Stores) -> None:
    experiment_id = new_id(IdKind.EXPERIMENT)

    held = in_threads(16, lambda n: stores.claims.hold_name(experiment_id, "node1", str(n)))

    assert held.count(True) == 1
    assert stores.claims.name_holder(experiment_id, "node1") == str(held.index(True))


# --- quota -----------------------------------------------------------------------------------


def test_quota_is_booked_once_per_resource(stores: Stores, project_id: str) -> None:
    ids = [new_id(IdKind.RESOURCE) for _ in range(3)]
    amounts = dict.fromkeys(ids, ONE)

    assert stores.claims.quota_used(project_id) == Amount()
    assert stores.claims.reserve_quota(project_id, amounts, LIMIT)
    assert stores.claims.reserve_quota(project_id, amounts, LIMIT)
    assert stores.claims.quota_used(project_id) == Amount(3, 6, 3072)


def test_quota_is_freed_once(stores: Stores, project_id: str) -> None:
    stores.claims.free_quota(project_id, "never")
    stores.claims.reserve_quota(project_id, {"a": ONE, "b": ONE}, LIMIT)

    in_threads(8, lambda _: stores.claims.free_quota(project_id, "a"))

    assert stores.claims.quota_used(project_id) == ONE


@pytest.mark.parametrize(
    "limit", [Amount(1, 40, 102400), Amount(10, 3, 102400), Amount(10, 40, 2047), Amount()]
)
def test_quota_is_booked_all_or_none(stores: Stores, project_id: str, limit: Amount) -> None:
    assert not stores.claims.reserve_quota(project_id, {"a": ONE, "b": ONE}, limit)

    assert stores.claims.quota_used(project_id) == Amount()


def test_what_fits_exactly_is_booked(stores: Stores, project_id: str) -> None:
    assert stores.claims.reserve_quota(project_id, {"a": ONE, "b": ONE}, Amount(2, 4, 2048))
    assert not stores.claims.reserve_quota(project_id, {"c": ONE}, Amount(2, 4, 2048))


def test_only_the_missing_part_is_booked(stores: Stores, project_id: str) -> None:
    limit = Amount(2, 4, 2048)
    stores.claims.reserve_quota(project_id, {"a": ONE}, limit)

    assert stores.claims.reserve_quota(project_id, {"a": ONE, "b": ONE}, limit)
    assert stores.claims.quota_used(project_id) == limit
    assert not stores.claims.reserve_quota(project_id, {"b": ONE, "c": ONE}, limit)
    assert stores.claims.quota_used(project_id) == limit


def test_what_is_booked_stays_booked_under_a_lower_limit(stores: Stores, project_id: str) -> None:
    stores.claims.reserve_quota(project_id, {"a": ONE}, LIMIT)

    assert stores.claims.reserve_quota(project_id, {"a": ONE}, Amount())
    assert stores.claims.quota_used(project_id) == ONE


def test_many_at_once_never_exceed_the_quota(stores: Stores, project_id: str) -> None:
    booked = in_threads(
        30,
        lambda n: stores.claims.reserve_quota(
            project_id, {f"r_be-gent1.x_{n}": ONE, f"r_be-gent1.y_{n}": ONE}, LIMIT
        ),
    )

    assert booked.count(True) == 5
    assert stores.claims.quota_used(project_id) == Amount(10, 20, 10240)


# --- slots and orphans -----------------------------------------------------------------------


def test_one_of_many_runs_a_slot(stores: Stores) -> None:
    slot = uuid.uuid4().hex

    taken = in_threads(20, lambda _: stores.claims.take_slot("sync", slot))

    assert taken.count(True) == 1
    assert not stores.claims.take_slot("sync", slot)
    assert stores.claims.take_slot("reconcile", slot)


def test_an_orphan_keeps_its_first_sighting_until_forgotten(stores: Stores) -> None:
    cloud_id, later = uuid.uuid4().hex, NOW + timedelta(minutes=5)

    assert stores.claims.first_seen_orphan(cloud_id, NOW) == NOW
    assert stores.claims.first_seen_orphan(cloud_id, later) == NOW
    stores.claims.forget_orphan(cloud_id)
    stores.claims.forget_orphan(cloud_id)
    assert stores.claims.first_seen_orphan(cloud_id, later) == later


# --- catalog ---------------------------------------------------------------------------------


def test_catalog_entries_are_read_back(stores: Stores) -> None:
    image = make_disk_image()
    flavor = Flavor(new_id(IdKind.FLAVOR), "small", NOW, "m1", ram_mib=2048, hidden=True)
    network = Network(uuid.uuid4().hex, "public", NOW, "net", is_external=True)
    for entry in (image, flavor, network):
        stores.catalog.put(entry)

    assert stores.catalog.get(DiskImage, image.id) == image
    assert stores.catalog.get(Flavor, flavor.id) == flavor
    assert stores.catalog.get(Network, network.id) == network
    assert stores.catalog.get(Flavor, image.id) is None
    assert stores.catalog.get(Flavor, "") is None


def test_catalog_entries_are_listed_by_id(stores: Stores) -> None:
    made = [make_disk_image(hidden=number == 1) for number in range(3)]
    for image in reversed(made):
        stores.catalog.put(image)

    listed = stores.catalog.list(DiskImage)

    assert [image for image in listed if image in made] == made
    assert all(isinstance(image, DiskImage) for image in listed)


def test_a_put_replaces(stores: Stores) -> None:
    image = make_disk_image()
    stores.catalog.put(image)
    changed = replace(image, tags=(), long_description="", min_disk_mb=5)

    stores.catalog.put(changed)

    assert stores.catalog.get(DiskImage, image.id) == changed


def test_a_delete_says_whether_there_was_one(stores: Stores) -> None:
    image = make_disk_image()
    stores.catalog.put(image)

    assert stores.catalog.delete(DiskImage, image.id)
    assert not stores.catalog.delete(DiskImage, image.id)
    assert not stores.catalog.delete(DiskImage, "")
    assert stores.catalog.get(DiskImage, image.id) is None


@pytest.mark.parametrize("limits", [None, CloudLimits(10, 1, 20, 2, -1, 0)])
def test_the_state_of_the_sync_is_read_back(stores: Stores, limits: CloudLimits | None) -> None:
    state = CatalogState(uuid.uuid4().hex, NOW, limits)

    assert stores.catalog.state(state.infra_id) is None
    stores.catalog.put_state(state)
    assert stores.catalog.state(state.infra_id) == state
