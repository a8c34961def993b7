"""Everything POST /servers refuses at once, with Nova's own sentences."""

import uuid

import pytest
from openstack import exceptions

from tests.integration.simulator.support import base64_text

UNKNOWN = "6dcb2fcb-3428-437f-b0ea-18bc13f9f247"
LONG_NAME = "x" * 256
PLAIN = "#cloud-config"
NOPE = [{"uuid": "nope"}]
INVALID = "Invalid input for field/attribute"

BAD_REQUESTS = {
    "unknown flavor": ({"flavor_id": "nope"}, "Flavor nope could not be found."),
    "unknown disk image": ({"image_id": UNKNOWN}, "Can not find requested image"),
    "disk image id": (
        {"image_id": "nope"},
        f"{INVALID} imageRef. Value: nope. 'nope' is not valid under any of the given schemas",
    ),
    "unknown network": (
        {"networks": [{"uuid": UNKNOWN}]},
        f"Network {UNKNOWN} could not be found.",
    ),
    "unknown port": ({"networks": [{"port": UNKNOWN}]}, f"Port id {UNKNOWN} could not be found."),
    "network id": (
        {"networks": [{"uuid": "nope"}]},
        f"{INVALID} networks. Value: {NOPE}. {NOPE} is not valid under any of the given schemas",
    ),
    "key": ({"key_name": "nope"}, "Invalid key_name provided."),
    "security group": (
        {"security_groups": [{"name": "nope"}]},
        "Unable to find security_group with name or id 'nope'",
    ),
    "zone": ({"availability_zone": "nope"}, "The requested availability zone is not available"),
    "name": (
        {"name": LONG_NAME},
        f"{INVALID} name. Value: {LONG_NAME}. '{LONG_NAME}' is too long",
    ),
    "user data that is no base64": (
        {"user_data": PLAIN},
        f"{INVALID} user_data. Value: {PLAIN}. '{PLAIN}' is not a 'base64'",
    ),
    "tag": (
        {"tags": ["t" * 61]},
        f"{INVALID} 0. Value: {'t' * 61}. '{'t' * 61}' is too long",
    ),
    "metadata": (
        {"metadata": {"key": "v" * 256}},
        f"{INVALID} key. Value: {'v' * 256}. '{'v' * 256}' is too long",
    ),
}


@pytest.mark.parametrize(("changes", "text"), BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_bad_request_leaves_nothing(simulator, tenant, changes, text):
    with pytest.raises(exceptions.BadRequestException) as refused:
        tenant.create(**changes)

    assert refused.value.details == text
    assert simulator.snapshot() == ([], [], [])


def test_networks_are_required(tenant, connection):
    server = {"flavorRef": "1", "name": "x", "imageRef": tenant.disk_images["cirros-like"]}

    answer = connection.compute.post("/servers", json={"server": server}, microversion="2.100")

    assert answer.status_code == 400
    assert answer.json()["badRequest"]["message"].endswith("'networks' is a required property")


@pytest.mark.parametrize("networks", [[1], ["nope"], [{}], 7])
def test_malformed_networks_are_a_400(tenant, connection, networks):
    server = {
        "flavorRef": tenant.flavors["m1.tiny"],
        "name": "x",
        "imageRef": tenant.disk_images["cirros-like"],
        "networks": networks,
    }

    answer = connection.compute.post("/servers", json={"server": server}, microversion="2.100")

    assert answer.status_code == 400
    assert "is not valid under any of the given schemas" in answer.text


def test_user_data_may_have_65535_characters_and_no_more(tenant):
    tenant.create(user_data=base64_text(b"x" * 49149))

    with pytest.raises(exceptions.BadRequestException) as refused:
        tenant.create(user_data=base64_text(b"x" * 49152))

    assert refused.value.details.startswith(f"{INVALID} user_data. Value: eHh4")
    assert refused.value.details.endswith("' is too long")


SMALL_DISK = (
    "Flavor's disk is smaller than the minimum size specified in image metadata. "
    "Flavor disk is 1073741824 bytes, minimum size is 32212254720 bytes."
)
LARGE_IMAGE = (
    "Flavor's disk is too small for requested image. "
    "Flavor disk is 1073741824 bytes, image is 1073741825 bytes."
)


@pytest.mark.parametrize(
    ("disk_image", "flavor", "text"),
    [
        ("ubuntu-24.04", "m1.nano", "Flavor's memory is too small for requested image."),
        ("huge-disk", "m1.tiny", SMALL_DISK),
        ("large", "m1.tiny", LARGE_IMAGE),
    ],
)
def test_flavor_must_hold_the_disk_image(simulator, tenant, disk_image, flavor, text):
    simulator.add_disk_image("large", size_bytes=1024**3 + 1)

    with pytest.raises(exceptions.BadRequestException) as refused:
        tenant.create(image_id=tenant.disk_images[disk_image], flavor_id=tenant.flavors[flavor])

    assert refused.value.details == text


def test_disk_image_without_data_is_not_active(simulator, tenant):
    disk_image_id = tenant.disk_images["cirros-like"]
    simulator.update_disk_image(disk_image_id, status="queued")

    with pytest.raises(exceptions.BadRequestException) as refused:
        tenant.create(image_id=disk_image_id)

    assert refused.value.details == f"Image {disk_image_id} is not active."


def test_networks_auto_is_ambiguous(tenant):
    with pytest.raises(exceptions.ConflictException) as refused:
        tenant.create(networks="auto")

    assert refused.value.details == (
        "Multiple possible networks found, use a Network ID to be more specific."
    )


def test_bound_port_is_still_in_use(tenant):
    port = tenant.create_port()
    tenant.wait_for(tenant.create(networks=[{"port": port.id}]), "ACTIVE")

    with pytest.raises(exceptions.ConflictException) as refused:
        tenant.create(networks=[{"port": port.id}])

    assert refused.value.details == f"Port {port.id} is still in use."


def test_taken_address_is_refused(tenant):
    address = tenant.create_port().fixed_ips[0]["ip_address"]

    with pytest.raises(exceptions.BadRequestException) as refused:
        tenant.create(networks=[{"uuid": tenant.networks["public"], "fixed_ip": address}])

    assert refused.value.details == f"Fixed IP address {address} is already in use on instance ."


@pytest.mark.parametrize(
    ("quota", "text"),
    [
        (
            {"instances": 1},
            "Quota exceeded for instances: Requested 1, but already used 1 of 1 instances",
        ),
        ({"cores": 1}, "Quota exceeded for cores: Requested 1, but already used 1 of 1 cores"),
        ({"ram": 600}, "Quota exceeded for ram: Requested 512, but already used 512 of 600 ram"),
        ({"ports": 1}, "Maximum number of ports exceeded"),
    ],
)
def test_quota_is_a_403(simulator, tenant, quota, text):
    tenant.wait_for(tenant.create(), "ACTIVE")
    simulator.set_quota(**quota)

    with pytest.raises(exceptions.ForbiddenException) as refused:
        tenant.create()

    assert refused.value.details == text


def test_too_many_metadata_items_are_a_403(tenant):
    with pytest.raises(exceptions.ForbiddenException) as refused:
        tenant.create(metadata={str(number): "" for number in range(129)})

    assert refused.value.details == "Maximum number of metadata items exceeds 128"


def test_unknown_server_is_a_404(tenant):
    server_id = str(uuid.uuid4())

    with pytest.raises(exceptions.NotFoundException) as refused:
        tenant.compute.get_server(server_id)

    assert refused.value.details == f"Instance {server_id} could not be found."


def test_reboot_in_build_is_a_409(tenant):
    server = tenant.create()

    with pytest.raises(exceptions.ConflictException) as refused:
        tenant.compute.reboot_server(server, "SOFT")

    assert refused.value.details == (
        f"Cannot 'reboot' instance {server.id} while it is in vm_state building"
    )
