"""A server's life as openstacksdk sees it."""

import threading
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from openstack import exceptions

from infra.local.simulator import Simulator
from infra.local.simulator.server import _free_port
from tests.integration.simulator.conftest import QUICK
from tests.integration.simulator.support import Tenant, base64_text, connect, wait_until

PHONE_HOME = """#!/usr/bin/env python3
import os, pathlib, urllib.request
keys = pathlib.Path(os.environ["SLICES_SSH_HOST_KEY_DIR"]).glob("ssh_host_*_key.pub")
body = os.environ["HOSTNAME"] + "\\n" + "".join(sorted(key.read_text() for key in keys))
urllib.request.urlopen("http://127.0.0.1:{port}/", data=body.encode()).close()
"""


@pytest.fixture
def let_time_pass(simulator, monkeypatch):
    """Let the cloud's time stand until the test moves it: a busy machine skips no state."""
    moment = [0.0]
    monkeypatch.setattr(simulator._cloud.agenda, "_clock", lambda: moment[0])

    def let_pass(seconds=0.05):
        moment[0] += seconds

    return let_pass


@pytest.fixture
def receiver():
    """Collect the bodies of POST requests."""
    bodies = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", _free_port()), Handler)
    server.bodies = bodies
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def phone_home_user_data(port):
    message = MIMEMultipart()
    for content in ("#!/bin/sh\nexit 1\n", PHONE_HOME.replace("{port}", str(port))):
        part = MIMEText(content, "x-shellscript")
        part.add_header("Content-Disposition", "attachment", filename="slices-phone-home")
        message.attach(part)
    return message.as_bytes()


def test_server_lives_from_port_to_phone_home_to_nothing(simulator, tenant, receiver):
    port = tenant.create_port(name="task-1")
    tenant.network.set_tags(port, ["task-1"])

    server = tenant.create(
        name="My VM",
        networks=[{"port": port.id}],
        user_data=base64_text(phone_home_user_data(receiver.server_port)),
        config_drive=True,
        metadata={"task": "1"},
        tags=["task-1", "slices"],
    )
    building = tenant.compute.get_server(server.id)
    # No request from here on: a guest boots even if nobody asks how it is.
    wait_until(lambda: receiver.bodies)
    active = tenant.compute.get_server(server.id)

    assert (building.status, building.addresses) == ("BUILD", {})
    assert (active.status, active.task_state, active.power_state) == ("ACTIVE", None, 1)
    assert active.metadata == {"task": "1"}
    assert sorted(active.tags) == ["slices", "task-1"]
    assert active.flavor.original_name == "m1.tiny"
    address = tenant.network.get_port(port.id).fixed_ips[0]["ip_address"]
    assert [one["addr"] for one in active.addresses["public"]] == [address]
    hostname, *keys = receiver.bodies[0].splitlines()
    assert hostname == "my-vm"
    assert [key.split()[0] for key in keys] == ["ecdsa-sha2-nistp256", "ssh-ed25519", "ssh-rsa"]
    assert len(receiver.bodies) == 1

    tenant.delete(server)
    after = tenant.network.get_port(port.id)
    assert (after.status, after.device_id) == ("DOWN", "")
    tenant.network.delete_port(port.id)
    assert simulator.snapshot() == ([], [], [])


def test_guests_stay_off_when_told(tmp_path, receiver):
    with Simulator(timings=QUICK, phone_home=False) as simulator:
        tenant = Tenant(connect(simulator.clouds_yaml(tmp_path / "clouds.yaml")))
        user_data = base64_text(phone_home_user_data(receiver.server_port))
        tenant.wait_for(tenant.create(user_data=user_data), "ACTIVE")
        guests = [one.name for one in threading.enumerate() if one.name.startswith("guest-")]
        tenant.connection.close()

    assert guests == []
    assert receiver.bodies == []


def test_console_shows_the_user_data_during_build_too(tenant):
    server = tenant.create(user_data=base64_text(b"#cloud-config\n"))

    output = tenant.compute.get_server_console_output(server)["output"]

    assert "#cloud-config" in output


def test_port_is_bound_before_the_server_is_active_and_addresses_come_last(tenant, let_time_pass):
    port = tenant.create_port()
    server = tenant.create(networks=[{"port": port.id}])
    seen = []

    def is_active():
        bound = tenant.network.get_port(port.id).device_id == server.id
        now = tenant.compute.get_server(server.id)
        seen.append((now.status, now.task_state, bound, bool(now.addresses)))
        let_time_pass()
        return now.status == "ACTIVE"

    wait_until(is_active)

    assert seen[0] == ("BUILD", "scheduling", False, False)
    assert ("BUILD", "spawning", True, False) in seen
    assert seen[-1] == ("ACTIVE", None, True, True)
    assert tenant.network.get_port(port.id).status == "ACTIVE"


def test_server_is_adopted_by_its_tag(tenant):
    server = tenant.create(tags=["task-1", "slices"])
    tenant.create(tags=["task-2", "slices"])

    assert [one.id for one in tenant.compute.servers(tags="task-1,slices")] == [server.id]
    assert len(list(tenant.compute.servers(tags="slices"))) == 2
    assert not list(tenant.compute.servers(tags="task-3"))


def test_names_are_searched_as_regular_expressions(tenant):
    short = tenant.create(name="vm-1")
    tenant.create(name="vm-10")

    assert len(list(tenant.compute.servers(name="vm-1"))) == 2
    assert [one.id for one in tenant.compute.servers(name="^vm-1$")] == [short.id]


def test_unknown_filters_are_ignored(tenant, connection):
    tenant.create()

    assert len(connection.compute.get("/servers/detail?bogus=1").json()["servers"]) == 1


def test_list_comes_in_pages_with_links(tenant):
    made = {tenant.create(name=f"vm-{number}").id for number in range(5)}

    listed = [one.id for one in tenant.compute.servers(limit=2)]

    assert len(listed) == 5
    assert set(listed) == made
    first = tenant.compute.get("/servers/detail?limit=3").json()
    (link,) = first["servers_links"]
    assert (link["rel"], len(first["servers"])) == ("next", 3)
    last = tenant.compute.get(link["href"]).json()
    assert [len(last["servers"]), "servers_links" in last] == [2, False]


def test_delete_shows_deleting_then_deleted_then_nothing(tenant, let_time_pass):
    server = tenant.create()
    let_time_pass(QUICK.boot)
    assert tenant.status(server) == "ACTIVE"
    tenant.compute.delete_server(server.id)
    tenant.compute.delete_server(server.id, ignore_missing=False)
    first = tenant.compute.get_server(server.id)
    statuses = [first.status]

    def is_gone():
        let_time_pass()
        try:
            statuses.append(tenant.status(server))
        except exceptions.NotFoundException:
            return True
        return False

    wait_until(is_gone)

    assert first.task_state == "deleting"
    assert statuses[-1] == "DELETED"
    assert not list(tenant.network.ports(device_id=server.id))
    with pytest.raises(exceptions.NotFoundException):
        tenant.compute.delete_server(server.id, ignore_missing=False)


def test_delete_during_build_waits_for_the_end_of_the_spawn(simulator, tenant):
    server = tenant.create()

    tenant.compute.delete_server(server.id)
    now = tenant.compute.get_server(server.id)

    assert (now.status, now.task_state) == ("BUILD", "deleting")
    wait_until(lambda: tenant.is_gone(server))
    assert simulator.snapshot() == ([], [], [])


def test_port_that_nova_made_goes_with_its_server(simulator, tenant):
    server = tenant.wait_for(tenant.create(), "ACTIVE")
    assert len(list(tenant.network.ports(device_id=server.id))) == 1

    tenant.delete(server)

    assert simulator.snapshot().ports == []


@pytest.mark.parametrize(("kind", "status"), [("SOFT", "REBOOT"), ("HARD", "HARD_REBOOT")])
def test_reboot_shows_a_task_for_a_moment(tenant, kind, status):
    server = tenant.wait_for(tenant.create(), "ACTIVE")

    tenant.compute.reboot_server(server, kind)
    during = tenant.compute.get_server(server.id)

    assert during.status == status
    assert during.task_state.startswith("reboot_started")
    assert tenant.wait_for(server, "ACTIVE").task_state is None


def test_stop_and_start(tenant):
    server = tenant.wait_for(tenant.create(), "ACTIVE")

    tenant.compute.stop_server(server)
    tenant.wait_for(server, "SHUTOFF")
    with pytest.raises(exceptions.ConflictException) as refused:
        tenant.compute.stop_server(server)
    tenant.compute.start_server(server)

    assert refused.value.details.endswith("while it is in vm_state stopped")
    assert tenant.wait_for(server, "ACTIVE").power_state == 1


def test_remote_console_has_a_url(tenant):
    server = tenant.wait_for(tenant.create(), "ACTIVE")

    console = tenant.compute.create_server_remote_console(server, protocol="vnc", type="novnc")

    assert console.url.startswith("http://127.0.0.1:")


def test_metadata_changes_only_while_active(tenant):
    server = tenant.create()
    with pytest.raises(exceptions.ConflictException):
        tenant.compute.set_server_metadata(server, a="b")

    tenant.wait_for(server, "ACTIVE")
    tenant.compute.set_server_metadata(server, a="b")

    assert tenant.compute.get_server(server.id).metadata == {"a": "b"}


def test_limits_count_what_is_used(tenant):
    tenant.create(flavor_id=tenant.flavors["m1.medium"])

    absolute = tenant.compute.get_limits().absolute

    assert (absolute.instances, absolute.instances_used) == (20, 1)
    assert (absolute.total_cores, absolute.total_cores_used) == (40, 2)
    assert (absolute.total_ram, absolute.total_ram_used) == (102400, 4096)
