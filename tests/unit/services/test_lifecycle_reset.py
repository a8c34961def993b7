"""Rebooting a VM, and opening its console."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import (
    ReleaseRequested,
    ServerFailed,
    WrongStatus,
)
from chalicelib.domain.statuses import ResourceStatus, TaskStatus
from chalicelib.domain.tasks import finish
from chalicelib.services.cloud_ports import ServerStatus
from chalicelib.services.lifecycle.ends import (
    close_task,
)
from chalicelib.services.lifecycle.progress import StepInput
from chalicelib.services.lifecycle.reset import (
    check_reboot,
    end_failed_reset,
    open_console,
    reboot_server,
)
from chalicelib.services.reset_resource import reset_resource
from tests.fakes.world import MEMBER, want
from tests.unit.services.building import release

ACTIVE = ServerStatus.ACTIVE
GONE = {"state": "gone", "wait_seconds": 0}
REMOVING = {"state": "removing", "wait_seconds": 5}
UP, FAILED, TERMINATED = ResourceStatus.UP, ResourceStatus.FAILED, ResourceStatus.TERMINATED


class TestReset:
    @pytest.fixture
    def step(self, world, running):
        task = reset_resource(world.backend, MEMBER, running.resource_id)
        return StepInput(task.id, running.resource_id)

    def test_a_reboot_is_asked_for_and_seen_through(self, world, step):
        for _ in range(2):
            reboot_server(world.backend, world.compute, step)
        waiting = {"state": "waiting", "wait_seconds": 5}
        assert check_reboot(world.backend, world.compute, step) == waiting
        world.compute.set_status(world.resource().server_id, ACTIVE)
        for _ in range(2):
            assert check_reboot(world.backend, world.compute, step)["state"] == "ready"
        assert (world.resource().status, world.resource().resets) == (UP, 1)

    def test_the_first_step_gives_the_order_that_a_crash_left_out(self, world, step):
        world.change(step.resource_id, status=UP)
        reboot_server(world.backend, world.compute, step)
        assert world.resource().status is ResourceStatus.RESETTING
        assert world.resource().events[-1].actor == MEMBER.actor

    def test_a_task_that_is_gone_is_no_reason_to_guess_an_actor(self, world, step):
        world.tasks.change(step.task_id, lambda task: finish(task, world.clock()))
        world.change(step.resource_id, server_id=None)
        with pytest.raises(ServerFailed, match="no VM"):
            reboot_server(world.backend, world.compute, step)

    @pytest.mark.parametrize("status", [ServerStatus.ERROR, ServerStatus.DELETING, None])
    def test_a_server_that_does_not_come_back_is_a_failure(self, world, step, status):
        if status is None:
            world.compute.servers.clear()
        else:
            world.compute.set_status(world.resource().server_id, status)
        with pytest.raises(ServerFailed, match="no longer exists"):
            check_reboot(world.backend, world.compute, step)

    def test_a_fault_is_told(self, world, step):
        world.compute.set_status(world.resource().server_id, ServerStatus.ERROR, "The host.")
        with pytest.raises(ServerFailed, match="The host"):
            check_reboot(world.backend, world.compute, step)

    def test_a_failed_reset_puts_the_resource_back_up_and_fails_the_task(self, world, step):
        for _ in range(2):
            end_failed_reset(world.backend, step, "It hangs.")
        assert world.resource().status is UP
        assert [e.what for e in world.resource().events].count("reset failed") == 1
        close_task(world.backend, step.task_id)
        assert world.task(step.task_id).failure_reason == "vm: It hangs."

    def test_a_reset_that_worked_finishes_the_task(self, world, step):
        reboot_server(world.backend, world.compute, step)
        world.compute.set_status(world.resource().server_id, ACTIVE)
        check_reboot(world.backend, world.compute, step)
        close_task(world.backend, step.task_id)
        assert world.task(step.task_id).status is TaskStatus.FINISHED

    def test_a_release_stops_it(self, world, step):
        release(world, step)
        for function in (reboot_server, check_reboot):
            with pytest.raises(ReleaseRequested):
                function(world.backend, world.compute, step)


class TestConsole:
    def test_a_resource_with_a_server_has_one(self, world, running):
        url = open_console(world.backend, world.compute, running.resource_id)
        assert url.endswith(world.resource().server_id)

    def test_one_without_a_server_or_to_go_has_none(self, world, running):
        release(world, running)
        with pytest.raises(WrongStatus, match="no console now"):
            open_console(world.backend, world.compute, running.resource_id)
        other = world.accept(want("b"), request_id="2").task.resource_ids[0]
        with pytest.raises(WrongStatus):
            open_console(world.backend, world.compute, other)
