"""Clouds to test the adapter on: the simulator, and the real control plane where it runs."""

import secrets
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import openstack
import pytest

from chalicelib.adapters.openstack.catalog import OpenStackCatalog
from chalicelib.adapters.openstack.compute import OpenStackCompute
from chalicelib.adapters.openstack.connection import CloudConnection
from chalicelib.domain.ids import IdKind, make_id, uuid7
from chalicelib.services.cloud_ports import ServerSpec
from infra.local.simulator import Simulator

USER_DATA = b"#cloud-config\nhostname: contract\n"
# The first test may have to install and to start everything.
REAL_CLOUD = (pytest.mark.openstack, pytest.mark.timeout(600))


def now():
    return datetime.now(UTC)


def until(look, seconds=30.0):
    """Return the first true answer of `look`; fail when there is none in time."""
    end = time.monotonic() + seconds
    while not (answer := look()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
    return answer


@dataclass
class World:
    """The adapter on one cloud, as an infrastructure that no other test uses."""

    infra_id: str
    connection: CloudConnection
    compute: OpenStackCompute
    catalog: OpenStackCatalog
    is_real: bool = False

    @classmethod
    def new(cls, **limits):
        infra_id = f"test-{secrets.token_hex(4)}"
        connection = CloudConnection("slices", **limits)
        return cls(
            infra_id,
            connection,
            OpenStackCompute(connection, infra_id, "external", now),
            OpenStackCatalog(connection, infra_id, now),
        )

    def resource_id(self):
        return make_id(IdKind.RESOURCE, self.infra_id, uuid7(now(), secrets.randbits(74)))

    def spec(self, resource_id, port_ids, **changes):
        fields = {
            "resource_id": resource_id,
            "task_id": f"task-{uuid.uuid4()}",
            "attempt": 1,
            "name": "contract",
            "disk_image_ref": "cirros-like",
            "flavor_ref": "m1.nano",
            "port_ids": tuple(port_ids),
            "user_data": USER_DATA,
        }
        return ServerSpec(**{**fields, **changes})

    def server(self, resource_id=None, **changes):
        """Create a server on a port of its own; return resource id, port and server."""
        resource_id = resource_id or self.resource_id()
        port = self.compute.create_port(resource_id, "public", 0)
        server = self.compute.create_server(self.spec(resource_id, [port.id], **changes))
        return resource_id, port, server

    def one(self, resource_id):
        (server,) = self.compute.find_servers(resource_id)
        return server

    def clean_up(self):
        for floating_ip in self.compute.all_floating_ips():
            self.compute.delete_floating_ip(floating_ip.id)
        for server in self.compute.all_servers():
            self.compute.delete_server(server.id)
        until(lambda: not list(self.compute.all_servers()))
        for port in self.compute.all_ports():
            self.compute.delete_port(port.id)


@pytest.fixture(scope="session")
def simulator_process():
    with Simulator(boot_seconds=0.3, phone_home=False) as simulator:
        yield simulator


@pytest.fixture
def simulator(simulator_process, tmp_path, monkeypatch):
    """The simulator without faults, named by the environment."""
    clouds_yaml = simulator_process.clouds_yaml(tmp_path / "clouds.yaml")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds_yaml))
    simulator_process.faults.clear()
    yield simulator_process
    simulator_process.faults.clear()


@pytest.fixture
def world(simulator):
    """The adapter on the simulator."""
    assert simulator
    world = World.new()
    yield world
    simulator.faults.clear()
    world.clean_up()


@pytest.fixture
def real_cloud(control_plane, monkeypatch):
    """The real control plane, named by the environment."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(control_plane.clouds_file))


@pytest.fixture(
    params=["simulator", pytest.param("real_cloud", marks=REAL_CLOUD)],
)
def any_world(request):
    """The adapter on each cloud in turn."""
    request.getfixturevalue(request.param)
    world = World.new()
    world.is_real = request.param == "real_cloud"
    yield world
    world.clean_up()


@pytest.fixture
def unlimited_memory(any_world):
    """Let the tenant ask for more memory than any host of the real cloud has."""
    if not any_world.is_real:
        yield
        return
    with openstack.connect(cloud="slices-admin") as admin:
        project = admin.identity.find_project("slices", ignore_missing=False)
        usual = admin.get_compute_quotas(project.id).ram
        admin.set_compute_quotas(project.id, ram=-1)
        yield
        admin.set_compute_quotas(project.id, ram=usual)
