"""Looking at a VM that is being built, until it is ready or given up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.errors import (
    ServerFailed,
)
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.services.cloud_ports import ServerStatus
from chalicelib.services.lifecycle.build import (
    check_ready,
    check_server,
    ensure_network,
    ensure_server,
)
from tests.fakes.world import CIRROS, want
from tests.unit.services.building import run, status_of

ACTIVE, DELETING, ERROR = ServerStatus.ACTIVE, ServerStatus.DELETING, ServerStatus.ERROR
MINUTE = timedelta(minutes=1)


class TestCheckServer:
    @pytest.mark.parametrize(
        ("cloud", "status"),
        [
            (ServerStatus.SCHEDULING, ResourceStatus.IMAGING),
            (ServerStatus.SPAWNING, ResourceStatus.BOOTING),
            (ServerStatus.STOPPED, ResourceStatus.REQUESTED),
        ],
    )
    def test_a_building_server_is_looked_at_again(self, world, built, cloud, status):
        world.compute.set_status(world.resource().server_id, cloud)
        for _ in range(2):
            assert run(world, built, check_server) == {"state": "building", "wait_seconds": 5}
        assert world.resource().status is status

    @pytest.mark.parametrize(("minutes", "pause"), [(0.9, 5), (1, 10), (4.9, 10), (5, 30)])
    def test_the_pauses_grow_with_age(self, world, built, minutes, pause):
        world.clock.advance(MINUTE * minutes)
        assert run(world, built, check_server)["wait_seconds"] == pause

    def test_an_active_server_gives_addresses_and_starts_the_guest(self, world, active):
        assert run(world, active, check_server) == {"state": "active", "wait_seconds": 0}
        resource = world.resource()
        assert resource.status is ResourceStatus.INITIALIZING
        assert resource.private_ipv4.startswith("10.0.")
        assert resource.private_ipv6.startswith("fd00::")
        assert status_of(world, "boot") == "finished"

    @pytest.mark.parametrize("fault", ["No valid host.", None])
    def test_a_failed_server_says_why(self, world, built, fault):
        world.compute.set_status(world.resource().server_id, ERROR, fault)
        with pytest.raises(ServerFailed, match=fault or "no reason"):
            run(world, built, check_server)

    def test_a_build_that_takes_too_long_is_given_up(self, world, built):
        world.clock.advance(MINUTE * 30)
        run(world, built, check_server)
        world.clock.advance(timedelta(seconds=1))
        with pytest.raises(ServerFailed, match=r"within 0:30:00"):
            run(world, built, check_server)

    @pytest.mark.parametrize("status", [DELETING, None])
    def test_a_vanished_server_is_a_failure(self, world, built, status):
        world.compute.servers.clear()
        if status:
            world.compute.add_server(built.resource_id, status)
        with pytest.raises(ServerFailed, match="deleted in OpenStack"):
            run(world, built, check_server)

    @pytest.mark.parametrize("loss", ["unbound", "gone"])
    def test_a_server_without_its_ports_is_a_failure(self, world, built, loss):
        server_id = world.resource().server_id
        world.compute.set_status(server_id, ACTIVE)
        port = next(iter(world.compute.ports))
        del world.compute.ports[port]
        if loss == "unbound":
            world.compute.create_port(built.resource_id, "neutron-public", 0)
        with pytest.raises(ServerFailed, match="port away"):
            run(world, built, check_server)


class TestReady:
    def test_a_guest_that_phoned_home_is_up_for_good(self, world, active):
        assert check_ready(world.backend, active) == {"state": "waiting", "wait_seconds": 5}
        world.change(active.resource_id, phoned_home_at=world.clock())
        for _ in range(2):
            assert check_ready(world.backend, active) == {"state": "ready", "wait_seconds": 0}
        assert world.resource().status is ResourceStatus.UP
        assert status_of(world, "ready") == "finished"

    def test_a_guest_without_cloud_init_is_not_waited_for(self, world):
        step = world.steps(want(disk_image_id=CIRROS.id))
        world.compute.first_status = ACTIVE
        run(world, step, ensure_network, ensure_server, check_server)
        assert check_ready(world.backend, step)["state"] == "ready"

    def test_a_silent_guest_is_given_up_with_a_hint(self, world, active):
        world.clock.advance(world.backend.settings.ready_timeout)
        assert check_ready(world.backend, active) == {"state": "waiting", "wait_seconds": 30}
        world.clock.advance(timedelta(seconds=1))
        with pytest.raises(ServerFailed, match="no-cloud-init"):
            check_ready(world.backend, active)

    def test_without_a_trace_of_its_start_the_acceptance_counts(self, world, step):
        world.clock.advance(MINUTE * 2)
        assert check_ready(world.backend, step)["wait_seconds"] == 10
