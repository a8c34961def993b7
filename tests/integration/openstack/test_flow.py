"""A VM's whole life over HTTP, on the real control plane, whose admin tells the truth."""

from __future__ import annotations

import pytest

from chalicelib import bootstrap
from infra.local.guest import Part, parts
from tests.integration.stack.client import KEY, in_hours

# The first test may have to install and to start everything.
pytestmark = [pytest.mark.openstack, pytest.mark.timeout(600)]

USER_DATA = "#!/bin/sh\necho hello from the flow\n"
NOTHING = {"instances": 0, "vcpus": 0, "ram_mib": 0}


def test_from_request_to_removal(experiment, truth):
    (vm,) = experiment.up("alpha", userdata=USER_DATA, network_name="lab", public_ipv4=True)

    server = truth.server("alpha")
    assert server.status == "ACTIVE"
    assert vm["id"] in {server.metadata["resource_id"], *server.tags}
    assert_gets_user_data_and_key(truth.console_log(server.id))
    assert_is_connected(vm, server, truth)
    assert len(vm["ssh_host_key_fingerprints"]) == 3
    assert truth.allocations(server.id)

    later = in_hours(5)
    path = f"/resources/{vm['id']}"
    assert experiment.ok("POST", f"{path}/extend", {"expires_at": later})["expires_at"] == later
    assert experiment.resource(vm["id"])["expires_at"] == later

    assert truth.actions(server.id) == ["create"]
    reset = experiment.closed_task(experiment.ok("POST", f"{path}/reset")["task"]["id"])
    assert (reset["action"], reset["status"]) == ("reset", "finished")
    assert sorted(truth.actions(server.id)) == ["create", "reboot"]
    assert experiment.resource(vm["id"])["status"] == "up"

    assert experiment.delete(vm["id"])["status"] == "finished"
    assert truth.leftovers() == []
    assert truth.allocations(server.id) == {}
    assert_our_tables_are_empty(experiment, vm)


def assert_gets_user_data_and_key(console_log):
    document = console_log.partition("--- user data ---\n")[2].partition("\n--- end ---")[0]
    by_name: dict[str | None, Part] = {part.filename: part for part in parts(document.encode())}
    assert by_name["part-001"].payload.decode() == USER_DATA
    assert by_name["part-001"].content_type == "text/x-shellscript"
    assert KEY in by_name["slices-keys"].payload.decode()
    assert list(by_name)[-1] == "slices-phone-home"


def assert_is_connected(vm, server, truth):
    (port,) = truth.ports()
    assert [one["addr"] for one in server.addresses["lab"] if one["addr"] == vm["private_ipv4"]]
    assert port.device_id == server.id
    assert port.fixed_ips[0]["ip_address"] == vm["private_ipv4"]
    assert vm["private_ipv4"].startswith("10.98.")
    (floating_ip,) = truth.floating_ips()
    assert floating_ip.port_id == port.id
    assert floating_ip.floating_ip_address == vm["public_ipv4"]
    assert vm["public_ipv4"].startswith("198.51.100.")


def assert_our_tables_are_empty(experiment, vm):
    gone = experiment.resource(vm["id"])
    assert (gone["status"], gone["failure_reason"]) == ("terminated", None)
    assert experiment.listed() == []
    assert experiment.ok("GET", "/quota")["used"] == NOTHING
    backend = bootstrap.backend()
    assert backend.claims.name_holder(gone["experiment_id"], gone["friendly_name"]) is None
    assert list(backend.resources.live()) == []
    assert list(backend.tasks.due(bootstrap.utc_now())) == []


def test_ten_vms_in_one_request(experiment, truth):
    names = [f"vm{number}" for number in range(10)]
    vms = experiment.up(*names)
    assert {vm["status"] for vm in vms} == {"up"}
    assert len({vm["private_ipv4"] for vm in vms}) == 10
    assert sorted(server.name for server in truth.servers()) == names
    addresses = {port.fixed_ips[0]["ip_address"] for port in truth.ports()}
    assert addresses == {vm["private_ipv4"] for vm in vms}
    assert len({key for vm in vms for key in vm["ssh_host_key_fingerprints"]}) == 30

    for vm in vms:
        experiment.ok("DELETE", f"/resources/{vm['id']}")
    for vm in vms:
        experiment.with_status(vm["id"], "terminated")
    assert truth.leftovers() == []
    assert experiment.ok("GET", "/quota")["used"] == NOTHING
