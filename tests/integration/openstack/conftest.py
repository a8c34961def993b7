"""A real control plane for the tests of this directory.

Taken from OPENSTACK_STATE or the default state, and started unless it runs; only what was started
here is stopped. Not for several pytest workers: the first to finish would stop it for all.
"""

import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import openstack
import pytest
from openstack.config import OpenStackConfig

from infra.local.openstack.state import DEFAULT_STATE, State

POLL_SECONDS = 0.2


@pytest.fixture(scope="session")
def control_plane():
    state = State(Path(os.environ.get("OPENSTACK_STATE", DEFAULT_STATE)).resolve())
    if _command(state, "status").returncode == 0:
        yield state
        return
    installed = _command(state, "install")
    if installed.returncode:
        pytest.skip(f"OpenStack cannot be installed here: {installed.stderr}")
    started = _command(state, "start")
    if started.returncode:
        pytest.fail(started.stderr)
    yield state
    _command(state, "stop")


def _command(state, action):
    return subprocess.run(
        [sys.executable, "-m", "infra.local.openstack", action, "--state", str(state.root)],
        capture_output=True,
        text=True,
        check=False,
    )


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
