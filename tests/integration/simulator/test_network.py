"""Ports, addresses, tags and floating IPs."""

import re

import pytest
from openstack import exceptions


def test_ports_get_distinct_addresses(tenant):
    ports = [tenant.create_port(name=f"port-{number}") for number in range(5)]

    assert len({port.fixed_ips[0]["ip_address"] for port in ports}) == 5
    assert all(port.fixed_ips[0]["ip_address"].startswith("10.99.") for port in ports)
    assert all(re.fullmatch("fa:16:3e(:[0-9a-f]{2}){3}", port.mac_address) for port in ports)
    assert {(port.status, port.device_id) for port in ports} == {("DOWN", "")}


def test_ports_are_found_by_tags_name_and_device(tenant):
    port = tenant.create_port(name="a")
    other = tenant.create_port(name="b")
    tenant.network.set_tags(port, ["task-1", "slices"])
    tenant.network.set_tags(other, ["task-2", "slices"])

    assert [one.id for one in tenant.network.ports(tags="task-1,slices")] == [port.id]
    assert [one.id for one in tenant.network.ports(name="a")] == [port.id]
    assert len(list(tenant.network.ports(tags="slices"))) == 2
    assert not list(tenant.network.ports(tags="task-1,task-2"))
    assert not list(tenant.network.ports(device_id="nope"))
    assert len(list(tenant.network.ports(limit=1))) == 2


def test_tags_cannot_be_given_at_creation(tenant):
    with pytest.raises(exceptions.BadRequestException) as refused:
        tenant.create_port(tags=["task-1"])

    assert refused.value.details == "Unrecognized attribute(s) 'tags'"


def test_deleted_address_is_free_again(tenant):
    port = tenant.create_port()
    tenant.network.delete_port(port.id)

    assert tenant.create_port().fixed_ips[0]["ip_address"] == port.fixed_ips[0]["ip_address"]


def test_port_in_use_is_not_deleted(tenant):
    server = tenant.wait_for(tenant.create(), "ACTIVE")
    (port,) = tenant.network.ports(device_id=server.id)

    with pytest.raises(exceptions.ForbiddenException) as refused:
        tenant.network.delete_port(port.id)

    assert refused.value.details == "rule:delete_port is disallowed by policy"


def test_address_on_a_shared_network_is_not_the_tenants_to_choose(tenant):
    with pytest.raises(exceptions.ForbiddenException) as refused:
        tenant.create_port(fixed_ips=[{"ip_address": "10.99.0.9"}])

    assert refused.value.details.endswith("is disallowed by policy")


def test_port_quota(simulator, tenant):
    simulator.set_quota(ports=1)
    tenant.create_port()

    with pytest.raises(exceptions.ConflictException) as refused:
        tenant.create_port()

    assert refused.value.details == "Quota exceeded for resources: ['port']."


def test_full_network(simulator, tenant):
    network = simulator.add_network("full", "192.168.9.0/30")
    tenant.network.create_port(network_id=network.network_id)

    with pytest.raises(exceptions.ConflictException) as refused:
        tenant.network.create_port(network_id=network.network_id)

    assert refused.value.details == (
        f"No more IP addresses available on network {network.network_id}."
    )


def test_floating_ip_lives_on_a_port(simulator, tenant):
    server = tenant.wait_for(tenant.create(), "ACTIVE")
    (port,) = tenant.network.ports(device_id=server.id)
    external = tenant.networks["external"]

    made = tenant.network.create_ip(floating_network_id=external, port_id=port.id)
    tenant.network.set_tags(made, ["task-1"])

    assert made.floating_ip_address.startswith("203.0.113.")
    assert made.fixed_ip_address == port.fixed_ips[0]["ip_address"]
    assert [one.tags for one in tenant.network.ips(port_id=port.id)] == [["task-1"]]
    assert [one.id for one in tenant.network.ips(tags="task-1")] == [made.id]
    kinds = {
        one["OS-EXT-IPS:type"]: one["addr"]
        for one in tenant.compute.get_server(server.id).addresses["public"]
    }
    assert kinds["floating"] == made.floating_ip_address
    with pytest.raises(exceptions.ConflictException):
        tenant.network.create_ip(floating_network_id=external, port_id=port.id)

    tenant.delete(server)
    assert tenant.network.get_ip(made.id).port_id is None
    tenant.network.delete_ip(made.id)
    assert simulator.snapshot() == ([], [], [])


def test_floating_ip_needs_an_external_network(tenant):
    with pytest.raises(exceptions.BadRequestException) as refused:
        tenant.network.create_ip(floating_network_id=tenant.networks["public"])

    assert "is not a valid external network" in refused.value.details
