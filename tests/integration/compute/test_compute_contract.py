"""What services.ports.Compute promises, on the simulator and on the real control plane."""

import pytest
from msgspec.structs import replace

from chalicelib.domain.errors import CloudRefused, CloudUnreachable
from chalicelib.services.cloud_ports import ServerStatus
from tests.integration.compute.conftest import World, now, until


def is_active(world, resource_id):
    return world.one(resource_id).status is ServerStatus.ACTIVE


def test_a_server_is_found_by_its_resource_until_it_is_gone(any_world):
    compute = any_world.compute
    before = now().replace(microsecond=0)
    resource_id, port, created = any_world.server()
    assert created.resource_id == resource_id
    assert any_world.one(resource_id).id == created.id
    until(lambda: is_active(any_world, resource_id))
    found = any_world.one(resource_id)
    assert found.resource_id == resource_id
    assert found.fault is None
    assert before <= found.created_at <= now()
    assert [server.id for server in compute.all_servers()] == [created.id]

    compute.delete_server(created.id)
    until(lambda: not compute.find_servers(resource_id))
    assert not list(compute.all_servers())
    assert [one.id for one in compute.find_ports(resource_id)] == [port.id]


def test_the_server_takes_the_port_and_gives_it_back(any_world):
    resource_id, port, server = any_world.server()
    until(lambda: is_active(any_world, resource_id))
    (held,) = any_world.compute.find_ports(resource_id)
    assert held.device_id == server.id
    assert held.addresses == port.addresses
    any_world.compute.delete_server(server.id)
    until(lambda: not any_world.compute.find_servers(resource_id))
    until(lambda: any_world.compute.find_ports(resource_id)[0].device_id is None)


def test_others_are_not_found(any_world):
    mine, _, _ = any_world.server()
    assert not any_world.compute.find_servers(any_world.resource_id())
    assert not any_world.compute.find_ports(any_world.resource_id())
    neighbor = World.new()
    assert not list(neighbor.compute.all_servers())
    assert not list(neighbor.compute.all_ports())
    until(lambda: is_active(any_world, mine))


def test_servers_come_oldest_first(any_world):
    resource_id = any_world.resource_id()
    created = [any_world.server(resource_id)[2].id for _ in range(2)]
    found = any_world.compute.find_servers(resource_id)
    assert {server.id for server in found} == set(created)
    assert list(found) == sorted(found, key=lambda server: (server.created_at, server.id))
    until(
        lambda: all(
            s.status is ServerStatus.ACTIVE for s in any_world.compute.find_servers(resource_id)
        )
    )


def test_ports_carry_their_resource_from_the_start(any_world):
    resource_id = any_world.resource_id()
    before = now().replace(microsecond=0)
    made = [
        any_world.compute.create_port(resource_id, name, i)
        for i, name in enumerate(["public", "lab"])
    ]
    found = any_world.compute.find_ports(resource_id)
    assert found == tuple(sorted(made, key=lambda port: port.id))
    for port in found:
        assert port.resource_id == resource_id
        assert len(port.addresses) == 1
        assert port.device_id is None
        assert before <= port.created_at <= now()
    assert {port.id for port in any_world.compute.all_ports()} == {port.id for port in made}


def test_a_network_is_known_by_id_and_by_name(any_world):
    networks = {network.friendly_name: network for network in any_world.catalog.networks()}
    by_id = any_world.compute.create_port(any_world.resource_id(), networks["lab"].location, 0)
    assert by_id.network_id == networks["lab"].location
    assert networks["external"].is_external
    assert not networks["public"].is_external


def test_floating_ips_live_and_die_with_the_resource(any_world):
    compute = any_world.compute
    resource_id, port, _ = any_world.server()
    until(lambda: is_active(any_world, resource_id))
    made = compute.create_floating_ip(resource_id, port.id)
    assert made.port_id == port.id
    assert made.resource_id == resource_id
    assert [one.address for one in compute.find_floating_ips(resource_id)] == [made.address]
    assert [one.id for one in compute.all_floating_ips()] == [made.id]
    assert not compute.find_floating_ips(any_world.resource_id())
    compute.delete_floating_ip(made.id)
    assert not compute.find_floating_ips(resource_id)


def test_deleting_what_is_gone_is_fine(any_world):
    nowhere = "6dcb2fcb-3428-437f-b0ea-18bc13f9f247"
    any_world.compute.delete_server(nowhere)
    any_world.compute.delete_port(nowhere)
    any_world.compute.delete_floating_ip(nowhere)


def test_a_port_in_use_is_deleted_later(any_world):
    resource_id, port, _ = any_world.server()
    until(lambda: is_active(any_world, resource_id))
    with pytest.raises(CloudUnreachable, match="still held by a server"):
        any_world.compute.delete_port(port.id)


def test_a_reboot_shows_and_ends(any_world):
    resource_id, _, server = any_world.server()
    until(lambda: is_active(any_world, resource_id))
    any_world.compute.reboot_server(server.id)
    until(lambda: is_active(any_world, resource_id))


def test_a_reboot_of_nothing_is_refused(any_world):
    with pytest.raises(CloudRefused, match="does not exist in the cloud any more"):
        any_world.compute.reboot_server("6dcb2fcb-3428-437f-b0ea-18bc13f9f247")


@pytest.mark.usefixtures("unlimited_memory")
def test_a_server_without_a_host_says_so(any_world):
    resource_id, _, _ = any_world.server(flavor_ref="m1.impossible")
    until(lambda: any_world.one(resource_id).status is ServerStatus.ERROR)
    assert "choose a smaller flavor" in any_world.one(resource_id).fault


def test_flavors_and_disk_images_are_known_by_id_too(any_world):
    flavors = {one.friendly_name: one.location for one in any_world.catalog.flavors()}
    images = {one.friendly_name: one.location for one in any_world.catalog.disk_images()}
    resource_id, _, _ = any_world.server(
        flavor_ref=flavors["m1.nano"], disk_image_ref=images["cirros-like"]
    )
    until(lambda: is_active(any_world, resource_id))


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"flavor_ref": "nope"}, "choose another flavor"),
        ({"flavor_ref": "6dcb2fcb-3428-437f-b0ea-18bc13f9f247"}, "choose another flavor"),
        ({"disk_image_ref": "nope"}, "choose another disk image"),
        ({"disk_image_ref": "6dcb2fcb-3428-437f-b0ea-18bc13f9f247"}, "choose another disk image"),
        ({"disk_image_ref": "huge-disk"}, "choose a larger flavor"),
        ({"disk_image_ref": "ubuntu-24.04"}, "choose a larger flavor"),
        ({"user_data": bytes(50_000)}, "cloud-init data is too long"),
        ({"port_ids": ("6dcb2fcb-3428-437f-b0ea-18bc13f9f247",)}, "request the VM again"),
    ],
)
def test_a_refused_server_leaves_nothing_and_a_word_of_advice(any_world, changes, advice):
    resource_id = any_world.resource_id()
    port = any_world.compute.create_port(resource_id, "public", 0)
    spec = replace(any_world.spec(resource_id, [port.id]), **changes)
    with pytest.raises(CloudRefused, match=advice):
        any_world.compute.create_server(spec)
    assert not any_world.compute.find_servers(resource_id)


@pytest.mark.parametrize("network", ["nope", "6dcb2fcb-3428-437f-b0ea-18bc13f9f247"])
def test_a_port_on_no_network_is_refused(any_world, network):
    with pytest.raises(CloudRefused, match="choose another network"):
        any_world.compute.create_port(any_world.resource_id(), network, 0)


def test_the_catalog_has_what_the_cloud_offers(any_world):
    images = {one.friendly_name: one for one in any_world.catalog.disk_images()}
    assert images["ubuntu-24.04"].min_ram_mib == 512
    assert images["ubuntu-24.04"].default_username == "ubuntu"
    assert images["ubuntu-24.04"].has_cloud_init
    assert not images["cirros-like"].has_cloud_init
    assert images["cirros-like"].min_disk_mb == 1024
    assert images["huge-disk"].min_disk_mb == 30 * 1024
    assert all(one.cluster_id == any_world.infra_id for one in images.values())
    flavors = {one.friendly_name: one for one in any_world.catalog.flavors()}
    assert flavors["m1.small"].ram_mib == 2048
    assert flavors["m1.small"].disk_mb == 20 * 1024
    assert all(one.is_synced for one in [*images.values(), *flavors.values()])
    assert {one.id for one in any_world.catalog.flavors()} == {one.id for one in flavors.values()}


def test_limits_count_what_is_used(any_world):
    before = any_world.catalog.limits()
    resource_id, _, _ = any_world.server()
    # Nova counts a server once it has a place.
    until(lambda: is_active(any_world, resource_id))
    after = any_world.catalog.limits()
    assert after.instances_used == before.instances_used + 1
    assert after.ram_mib_used == before.ram_mib_used + 128
    assert after.vcpus_used == before.vcpus_used + 1
    assert after.vcpus > 0
