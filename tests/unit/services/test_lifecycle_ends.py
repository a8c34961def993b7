"""Removing, and the first and last step of each workflow."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from chalicelib.domain.errors import (
    CloudOutcomeUnknown,
)
from chalicelib.domain.statuses import ResourceStatus, TaskStatus
from chalicelib.domain.tasks import finish
from chalicelib.services.cloud_ports import ServerStatus
from chalicelib.services.lifecycle.build import ensure_server
from chalicelib.services.lifecycle.ends import (
    close_task,
    prepare_release,
    prepare_request,
    prepare_reset,
    reason_of,
)
from chalicelib.services.lifecycle.progress import park_task
from chalicelib.services.lifecycle.remove import (
    close_resource,
    record_failure,
    remove_network,
    remove_server,
)
from chalicelib.services.release_resource import release_resource
from chalicelib.services.reset_resource import reset_resource
from tests.fakes.world import EXPERIMENT, MEMBER, want
from tests.unit.services.building import release

ACTIVE = ServerStatus.ACTIVE
GONE = {"state": "gone", "wait_seconds": 0}
REMOVING = {"state": "removing", "wait_seconds": 5}
UP, FAILED, TERMINATED = ResourceStatus.UP, ResourceStatus.FAILED, ResourceStatus.TERMINATED


class TestRemove:
    def test_a_server_is_gone_when_nova_has_none_left(self, world, running):
        world.compute.slow_deletes = True
        step = release(world, running)
        assert remove_server(world.backend, world.compute, step) == REMOVING
        assert remove_server(world.backend, world.compute, step) == REMOVING
        for _ in range(2):
            assert remove_server(world.backend, world.compute, step) == GONE
        assert world.compute.count("delete_server") == 1

    def test_a_delete_that_ended_in_error_is_repeated(self, world, running):
        step = release(world, running)
        world.compute.set_status(world.resource().server_id, ServerStatus.ERROR, "host")
        remove_server(world.backend, world.compute, step)
        assert world.compute.count("delete_server") == 1

    def test_every_server_of_the_resource_goes(self, world, running):
        world.compute.add_server(running.resource_id)
        remove_server(world.backend, world.compute, release(world, running))
        assert not world.compute.servers

    def test_a_server_that_may_still_appear_is_waited_for(self, world):
        step = world.steps()
        world.compute.fail("create_server", CloudOutcomeUnknown("lost"))
        with pytest.raises(CloudOutcomeUnknown):
            ensure_server(world.backend, world.compute, step)
        step = release(world, step)
        assert remove_server(world.backend, world.compute, step) == REMOVING
        world.clock.advance(world.backend.settings.lease)
        assert remove_server(world.backend, world.compute, step) == GONE

    def test_the_network_is_gone_when_neutron_has_none_left(self, world, running):
        world.compute.create_floating_ip(running.resource_id, "port")
        step = release(world, running)
        assert remove_network(world.backend, world.compute, step) == REMOVING
        for _ in range(2):
            assert remove_network(world.backend, world.compute, step) == GONE
        assert not world.compute.ports
        assert not world.compute.floating_ips

    def test_closing_frees_the_claims_once_and_keeps_the_record(self, world, running):
        step = release(world, running)
        close_resource(world.backend, step)
        closed = world.resource()
        assert closed.status is TERMINATED
        world.claims.names[EXPERIMENT, "vm"] = "r-next"
        close_resource(world.backend, step)
        assert world.resource() == closed
        assert world.claims.names == {(EXPERIMENT, "vm"): "r-next"}

    def test_a_failure_is_recorded_with_its_first_reason(self, world, running):
        for reason in ("first", "second"):
            record_failure(world.backend, running, reason)
        close_resource(world.backend, running)
        assert (world.resource().status, world.resource().failure_reason) == (FAILED, "first")

    def test_a_delete_is_stronger_than_a_failure(self, world, running):
        release(world, running)
        record_failure(world.backend, running, "broke")
        close_resource(world.backend, running)
        assert (world.resource().status, world.resource().failure_reason) == (TERMINATED, None)


class TestPrepare:
    def test_a_request_is_made_whole_and_runs(self, world):
        task = world.accept(want("a"), want("b")).task
        world.resources.by_id.popitem()
        for _ in range(2):
            assert prepare_request(world.backend, task.id) == task.resource_ids
        assert len(world.resources.by_id) == 2
        assert world.task(task.id).status is TaskStatus.RUNNING

    def test_a_request_that_lost_a_race_builds_nothing(self, world):
        task = world.accept().task
        world.resources.by_id.clear()
        world.tasks.change(task.id, lambda current: replace(current, is_accepted=False))
        world.claims.names[EXPERIMENT, "vm"] = "r-other"
        assert prepare_request(world.backend, task.id) == ()
        assert world.task(task.id).refusal.slug == "already-exists"

    def test_a_request_that_is_closed_meanwhile_builds_nothing(self, world, monkeypatch):
        task = world.accept().task
        monkeypatch.setattr(
            "chalicelib.services.lifecycle.ends.mark_running",
            lambda current, now, _stall: finish(current, now),
        )
        assert prepare_request(world.backend, task.id) == ()

    @pytest.mark.parametrize("prepare", [prepare_request, prepare_release, prepare_reset])
    def test_closed_and_unknown_tasks_have_nothing_to_do(self, world, prepare):
        task = world.accept().task
        world.tasks.change(task.id, lambda current: finish(current, world.clock()))
        assert prepare(world.backend, task.id) == ()
        assert prepare(world.backend, "task-nope") == ()

    def test_a_release_gives_the_order_that_a_crash_left_out(self, world, running):
        step = release(world, running)
        world.change(running.resource_id, status=UP, release=None)
        for _ in range(2):
            assert prepare_release(world.backend, step.task_id) == (running.resource_id,)
        ordered = world.resource().release
        assert (ordered.actor, ordered.outcome) == (MEMBER.actor, TERMINATED)

    def test_a_reset_has_its_resource(self, world, running):
        task = reset_resource(world.backend, MEMBER, running.resource_id)
        assert prepare_reset(world.backend, task.id) == (running.resource_id,)


class TestCloseTask:
    @pytest.mark.parametrize(
        ("statuses", "task_status", "reason"),
        [
            ((UP, UP), TaskStatus.FINISHED, None),
            ((UP, FAILED), TaskStatus.FAILED, "b: Broke."),
            ((TERMINATED, UP), TaskStatus.FAILED, "a: deleted before the task was done."),
            (
                (FAILED, TERMINATED),
                TaskStatus.FAILED,
                "a: Broke. b: deleted before the task was done.",
            ),
            ((UP, ResourceStatus.BOOTING), TaskStatus.PENDING, None),
            ((UP, ResourceStatus.TERMINATING), TaskStatus.PENDING, None),
        ],
    )
    def test_a_request_ends_as_its_resources_did(self, world, statuses, task_status, reason):
        task = world.accept(want("a"), want("b")).task
        for identifier, status in zip(task.resource_ids, statuses, strict=True):
            world.change(identifier, status=status, failure_reason="Broke.")
        for _ in range(2):
            close_task(world.backend, task.id)
        closed = world.task(task.id)
        assert (closed.status, closed.failure_reason) == (task_status, reason)
        assert (closed.parked_since is None) == closed.is_closed

    def test_a_delete_is_not_waited_for(self, world, running):
        release_resource(world.backend, MEMBER, running.resource_id)
        create = running.task_id
        assert prepare_request(world.backend, create) == ()
        close_task(world.backend, create)
        assert world.task(create).failure_reason == "vm: deleted before the task was done."

    def test_a_parked_task_keeps_its_own_reason(self, world):
        task = world.accept().task
        park_task(world.backend, task.id, "Cloud away.")
        parked = world.task(task.id)
        close_task(world.backend, task.id)
        assert world.task(task.id) == parked

    def test_a_release_ends_when_nothing_is_left(self, world, running):
        step = release(world, running)
        close_task(world.backend, step.task_id)
        assert not world.task(step.task_id).is_closed
        world.clock.advance(timedelta(minutes=1))
        close_resource(world.backend, step)
        close_task(world.backend, step.task_id)
        assert world.task(step.task_id).status is TaskStatus.FINISHED

    def test_an_unknown_task_is_nothing_to_close(self, world):
        close_task(world.backend, "task-nope")
        assert not world.tasks.by_id


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"Error": "ServerFailed", "Cause": json.dumps({"errorMessage": "No host."})}, "No host."),
        ({"Error": "States.Timeout", "Cause": "{}"}, "A step took too long and was stopped."),
        ({"Error": "States.HeartbeatTimeout"}, "A step took too long and was stopped."),
        (
            {"Error": "KeyError", "Cause": json.dumps({"errorMessage": "'token'"})},
            "An internal error stopped the work (KeyError); the operators can see it.",
        ),
        (
            {"Error": "CloudRefused", "Cause": "[]"},
            "An internal error stopped the work (CloudRefused); the operators can see it.",
        ),
        ({}, "An internal error stopped the work (unknown); the operators can see it."),
        ({"Error": "X", "Cause": None}, "An internal error stopped the work (X); the operators"),
    ],
)
def test_a_reason_is_in_words_and_tells_no_internals(error, reason):
    assert reason_of(error).startswith(reason)
