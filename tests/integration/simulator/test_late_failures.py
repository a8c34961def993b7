"""What Nova accepts first and fails later."""

import pytest
from openstack import exceptions

from infra.local.simulator import Effect, Fault
from tests.integration.simulator.support import count, wait_until


def test_impossible_flavor_ends_in_error_and_the_server_stays(simulator, tenant):
    simulator.set_quota(instances=1)
    server = tenant.create(flavor_id=tenant.flavors["m1.impossible"])

    failed = tenant.wait_for(server, "ERROR")

    assert (failed.fault["code"], failed.fault["message"]) == (500, "No valid host was found. ")
    assert failed.task_state is None
    assert failed.addresses == {}
    with pytest.raises(exceptions.ForbiddenException) as refused:
        tenant.create()
    assert refused.value.details == (
        "Quota exceeded for instances: Requested 1, but already used 1 of 1 instances"
    )
    tenant.delete(server)
    tenant.create()


def test_wait_for_server_raises_on_error(tenant):
    server = tenant.create(flavor_id=tenant.flavors["m1.impossible"])

    with pytest.raises(exceptions.ResourceFailure):
        tenant.compute.wait_for_server(server, interval=0.05, wait=5)


def test_loser_of_a_port_race_unbinds_the_winner(tenant):
    port = tenant.create_port()
    racers = [tenant.create(networks=[{"port": port.id}]) for _ in range(2)]

    winner = tenant.wait_for(racers[0], "ACTIVE")
    loser = tenant.wait_for(racers[1], "ERROR")

    assert loser.fault["message"] == (
        f"Build of instance {loser.id} aborted: "
        "Failed to allocate the network(s), not rescheduling."
    )
    after = tenant.network.get_port(port.id)
    assert (after.device_id, after.status) == ("", "DOWN")
    assert winner.addresses["public"][0]["addr"] == port.fixed_ips[0]["ip_address"]
    # The port looks free now, so a third is accepted; it must not become a second winner.
    third = tenant.create(networks=[{"port": port.id}])
    tenant.wait_for(third, "ERROR")
    assert tenant.status(winner) == "ACTIVE"


def test_network_without_a_free_address_fails_the_build(simulator, tenant):
    network = simulator.add_network("full", "192.168.9.0/30")
    tenant.network.create_port(network_id=network.network_id)

    server = tenant.create(networks=[{"uuid": network.network_id}])

    assert tenant.wait_for(server, "ERROR").fault["message"] == (
        f"Build of instance {server.id} aborted: Failed to allocate the network(s) with error "
        f"No fixed IP addresses available for network: {network.network_id}, not rescheduling."
    )


def test_address_outside_the_subnet_hides_its_cause(tenant):
    network = {"uuid": tenant.networks["public"], "fixed_ip": "192.168.1.1"}

    server = tenant.create(networks=[network])

    assert tenant.wait_for(server, "ERROR").fault["message"] == (
        "Exceeded maximum number of retries. Exhausted all hosts available for retrying build "
        f"failures for instance {server.id}."
    )


def test_spawn_error_keeps_its_message_and_no_port(simulator, tenant):
    message = "Build of instance aborted: no disk"
    fault = simulator.faults.add(Fault(Effect.SPAWN_ERROR, message=message))

    failed = tenant.wait_for(tenant.create(), "ERROR")
    healthy = tenant.wait_for(tenant.create(), "ACTIVE")

    assert failed.fault["message"] == message
    assert fault.hits == 1
    assert [port["device_id"] for port in simulator.snapshot().ports] == [healthy.id]


def test_failed_delete_leaves_error_and_the_second_works(simulator, tenant):
    server = tenant.wait_for(tenant.create(), "ACTIVE")
    simulator.faults.add(Fault(Effect.DELETE_ERROR_ONCE, message="disk busy"))

    tenant.compute.delete_server(server.id)
    failed = tenant.wait_for(server, "ERROR")

    assert (failed.fault["code"], failed.task_state) == (400, None)
    assert failed.fault["message"] == "Failed to terminate instance: disk busy"
    tenant.delete(server)
    assert simulator.snapshot() == ([], [], [])


def test_delete_before_the_scheduler_gives_up_still_deletes(simulator, tenant):
    server = tenant.create(flavor_id=tenant.flavors["m1.impossible"])
    tenant.compute.delete_server(server.id)

    wait_until(lambda: tenant.is_gone(server))

    assert count(simulator, "DELETE", f"/compute/v2.1/servers/{server.id}") == 1


def test_metadata_of_a_failed_server_cannot_change(tenant):
    server = tenant.create(flavor_id=tenant.flavors["m1.impossible"], metadata={"a": "b"})
    tenant.wait_for(server, "ERROR")

    with pytest.raises(exceptions.ConflictException) as refused:
        tenant.compute.delete_server_metadata(server, ["a"])

    assert refused.value.details == (
        f"Cannot 'delete metadata' instance {server.id} while it is in vm_state error"
    )
