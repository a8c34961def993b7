"""Flavors, disk images and networks, and what an administrator changes."""

import pytest
from openstack import exceptions


def test_flavors_are_found_by_name_and_id(tenant):
    flavor = tenant.compute.find_flavor("m1.tiny", ignore_missing=False)

    assert (flavor.vcpus, flavor.ram, flavor.disk) == (1, 512, 1)
    assert tenant.compute.get_flavor(flavor.id).name == "m1.tiny"
    assert set(tenant.flavors) == {
        "m1.nano",
        "m1.tiny",
        "m1.small",
        "m1.medium",
        "m1.impossible",
    }
    with pytest.raises(exceptions.NotFoundException) as missing:
        tenant.compute.get_flavor("nope")
    assert missing.value.details == "Flavor nope could not be found."


def test_disk_images_carry_limits_and_properties(connection):
    disk_image = connection.image.find_image("ubuntu-24.04", ignore_missing=False)
    again = connection.image.get_image(disk_image.id)

    assert (again.min_ram, again.min_disk, again.status) == (512, 0, "active")
    assert again.properties["slices_default_username"] == "ubuntu"
    assert again.properties["slices_cloud_init"] == "true"
    assert connection.image.find_image("huge-disk").min_disk == 30
    with pytest.raises(exceptions.NotFoundException) as missing:
        connection.image.get_image("nope")
    assert missing.value.details == "404 Not Found: No image found with ID nope"


def test_disk_images_come_in_pages(simulator, connection):
    for number in range(30):
        simulator.add_disk_image(f"extra-{number}")

    assert len({one.id for one in connection.image.images()}) == 33
    assert len({one.id for one in connection.image.images(limit=7)}) == 33


def test_administrator_changes_the_catalog(simulator, connection):
    made = simulator.add_disk_image("new", properties={"slices_cloud_init": "true"})
    found = connection.image.find_image("new", ignore_missing=False)
    assert found.id == made.disk_image_id

    simulator.update_disk_image(found.id, name="renamed", min_ram_mib=1024)
    assert connection.image.get_image(found.id).min_ram == 1024
    assert [one.name for one in connection.image.images(name="renamed")] == ["renamed"]

    simulator.delete_disk_image(found.id)
    assert connection.image.find_image("renamed") is None
    with pytest.raises(ValueError, match="bogus"):
        simulator.update_disk_image(found.id, bogus=1)


def test_networks_and_subnets(connection):
    networks = {one.name: one for one in connection.network.networks()}
    subnets = {one.network_id: one.cidr for one in connection.network.subnets()}

    assert networks["public"].is_shared
    assert networks["external"].is_router_external
    assert subnets[networks["public"].id].endswith("/20")
    assert subnets[networks["lab"].id].endswith("/24")
    assert connection.network.find_network("lab").id == networks["lab"].id
    assert [one.name for one in connection.network.networks(is_router_external=True)] == [
        "external"
    ]
    with pytest.raises(exceptions.NotFoundException) as missing:
        connection.network.get_network("nope")
    assert missing.value.details == "Network nope could not be found."
