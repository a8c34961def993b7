"""A resource at three moments of its build."""

from __future__ import annotations

import pytest

from chalicelib.domain.statuses import ResourceStatus
from chalicelib.services.cloud_ports import ServerStatus
from chalicelib.services.lifecycle.build import check_server, ensure_network, ensure_server
from tests.fakes.world import want
from tests.unit.services.building import run


@pytest.fixture
def step(world):
    return world.steps(want("vm", network_names=("public", "lab"), public_ipv4=True))


@pytest.fixture
def built(world, step):
    """A step whose server was asked for."""
    run(world, step, ensure_network, ensure_server)
    return step


@pytest.fixture
def active(world, built):
    """A step whose server is active."""
    world.compute.set_status(world.resource().server_id, ServerStatus.ACTIVE)
    run(world, built, check_server)
    return built


@pytest.fixture
def running(world):
    """The step input of a resource that has server and port, and is up."""
    step = world.steps()
    ensure_network(world.backend, world.compute, step)
    ensure_server(world.backend, world.compute, step)
    world.compute.set_status(world.resource().server_id, ServerStatus.ACTIVE)
    world.change(step.resource_id, status=ResourceStatus.UP)
    return step
