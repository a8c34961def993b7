"""The real control plane's clients, the whole stack on top of it, and ways to disturb both."""

from __future__ import annotations

import json
import time
import uuid

import openstack
import pytest
from openstack.compute.v2.server import Server
from openstack.config import OpenStackConfig

from chalicelib import bootstrap
from infra.local.openstack.clouds import TENANT_CLOUD
from infra.local.openstack.state import write_private
from infra.local.stack import LocalStack, StackOptions
from tests.integration.openstack.truth import Truth
from tests.integration.stack.client import experiments, wait_until

POLL_SECONDS = 0.2
PATIENCE_SECONDS = 150
VARIABLES = {
    "PARK_SECONDS": "1",
    # As much as the flavor that fits no host: Nova is to refuse it, not this site's quota.
    "QUOTA_RAM_MIB": "4000000",
}


@pytest.fixture(scope="session")
def tenant(control_plane):
    with _connect(control_plane, "slices") as connection:
        yield connection


@pytest.fixture(scope="session")
def admin(control_plane):
    with _connect(control_plane, "slices-admin") as connection:
        yield connection


def _connect(state, cloud):
    config = OpenStackConfig(config_files=[str(state.clouds_file)], load_envvars=False)
    return openstack.connection.Connection(config=config.get_one(cloud))


@pytest.fixture
def name():
    return f"smoke-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def port(tenant, name):
    network = tenant.network.find_network("public", ignore_missing=False)
    port = tenant.network.create_port(network_id=network.id, name=name)
    yield port
    tenant.network.delete_port(port)


@pytest.fixture
def create_server(tenant, name):
    """Create servers that do not survive the test."""

    def create(flavor="m1.tiny", disk_image="ubuntu-24.04", **attributes):
        network = tenant.network.find_network("public", ignore_missing=False)
        attributes.setdefault("networks", [{"uuid": network.id}])
        return tenant.compute.create_server(
            name=name,
            flavor_id=tenant.compute.find_flavor(flavor, ignore_missing=False).id,
            image_id=tenant.image.find_image(disk_image, ignore_missing=False).id,
            tags=[name],
            **attributes,
        )

    yield create
    for server in tenant.compute.servers(tags=name):
        tenant.compute.delete_server(server)
        until(lambda server=server: tenant.compute.find_server(server.id) is None)


def until(condition, seconds=60):
    """Wait for a condition and return its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"not true after {seconds} s")
        time.sleep(POLL_SECONDS)
    return value


@pytest.fixture
def nova_quota(admin, tenant):
    """Set the tenant's quotas in Nova, -1 for none, until the end of the test.

    Ask for it before whatever creates servers: no quota can be set below what is in use.
    """
    project_id = tenant.current_project_id
    before = admin.compute.get_quota_set(project_id)
    usual = {name: before[name] for name in ("instances", "ram")}

    def limit(**quotas):
        assert quotas.keys() <= usual.keys()
        admin.compute.update_quota_set(project_id, **quotas)

    yield limit
    limit(**usual)


@pytest.fixture(scope="package")
def stack_clouds_yaml(control_plane, tmp_path_factory):
    """The stack's own clouds.yaml: tests may spoil it."""
    path = tmp_path_factory.mktemp("clouds") / "clouds.yaml"
    write_private(path, control_plane.clouds_file.read_text())
    return path


@pytest.fixture(scope="package")
def stack(control_plane, stack_clouds_yaml, tmp_path_factory):
    """The whole stack; of the package, since only one may run and other packages have theirs."""
    options = StackOptions(
        cloud="openstack",
        state=tmp_path_factory.mktemp("stack"),
        openstack_state=control_plane.root,
        qkd=True,
        variables={**VARIABLES, "OS_CLIENT_CONFIG_FILE": str(stack_clouds_yaml)},
    )
    with LocalStack(options) as stack:
        yield stack
    assert not stack.left_behind


@pytest.fixture
def truth(admin, tenant):
    return Truth(admin, tenant.current_project_id)


@pytest.fixture
def new_experiment(stack, truth):
    """Make experiments; after the test the cloud has to be empty."""
    with experiments(stack, patience_seconds=PATIENCE_SECONDS) as make:
        yield make
    wait_until(lambda: not truth.leftovers(), "an empty cloud after the test", PATIENCE_SECONDS)


@pytest.fixture
def experiment(new_experiment):
    return new_experiment()


@pytest.fixture
def spoil_clouds_yaml(stack_clouds_yaml):
    """Change the login in the stack's clouds.yaml; call it without arguments to repair it."""
    good = stack_clouds_yaml.read_text()

    def spoil(**login):
        config = json.loads(good)
        config["clouds"][TENANT_CLOUD]["auth"].update(login)
        write_private(stack_clouds_yaml, json.dumps(config))

    yield spoil
    spoil()


@pytest.fixture
def restart(stack):
    """Forget the open connection, whose login is still good, as a function that starts does."""
    assert stack
    return bootstrap.reset


@pytest.fixture
def steer_hypervisor(monkeypatch):
    """Add metadata for the fake driver to each new server: the API has no way to say it."""

    def steer(**metadata):
        create = Server.create

        def create_steered(self, *args, **options):
            self.metadata = {**self.metadata, **metadata}
            return create(self, *args, **options)

        monkeypatch.setattr(Server, "create", create_steered)

    return steer
