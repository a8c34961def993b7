"""The sweep repairs what nobody else will."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.errors import CloudUnreachable
from chalicelib.domain.statuses import ResourceStatus, TaskStatus
from chalicelib.domain.tasks import finish
from chalicelib.services.cloud_ports import ServerStatus
from chalicelib.services.reconcile import ReconcileReport, reconcile
from chalicelib.services.release_resource import release_resource
from tests.fakes.world import EXPERIMENT, MEMBER, World

STALL = timedelta(minutes=5)
AGE = timedelta(minutes=15)
NOTHING = ReconcileReport()


def sweep(world: World, after: timedelta = timedelta()) -> ReconcileReport:
    world.clock.advance(after)
    return reconcile(world.backend, world.compute)


@pytest.fixture
def up(world):
    """A resource that is up, its task finished."""
    step = world.steps()
    server = world.compute.add_server(step.resource_id)
    world.tasks.change(step.task_id, lambda task: finish(task, world.clock()))
    return world.change(step.resource_id, status=ResourceStatus.UP, server_id=server.id)


def test_a_quiet_world_is_left_alone(world, up):
    assert sweep(world) == NOTHING
    assert sweep(world, AGE) == NOTHING
    assert world.resource() == up


class TestTasks:
    def test_a_silent_task_is_resumed_once_even_by_two_sweeps(self, world):
        task = world.accept().task
        assert sweep(world, STALL - timedelta(seconds=1)) == NOTHING
        assert sweep(world, timedelta(seconds=1)).resumed_tasks == 1
        assert sweep(world) == NOTHING
        assert [name.rsplit("-", 1)[1] for name in world.workflows.started] == ["1", "2"]
        assert world.task(task.id).executions == 2

    def test_two_sweeps_at_the_same_time_start_one_execution(self, world):
        world.accept()
        world.clock.advance(STALL)
        real = world.tasks.change

        def change(identifier, how):
            world.tasks.change = real
            reconcile(world.backend, world.compute)
            return real(identifier, how)

        world.tasks.change = change
        sweep(world)
        assert len(world.workflows.started) == 2

    def test_a_task_that_ends_meanwhile_is_not_resumed(self, world):
        task = world.accept().task
        world.clock.advance(STALL)
        real = world.tasks.change

        def change(identifier, how):
            real(identifier, lambda current: finish(current, world.clock()))
            return real(identifier, how)

        world.tasks.change = change
        assert sweep(world).resumed_tasks == 0
        assert world.task(task.id).executions == 1

    @pytest.mark.parametrize("ends", [False, True])
    def test_a_running_execution_is_watched_on(self, world, ends):
        task = world.accept().task
        world.workflows.running = set(world.workflows.started)
        if ends:
            real = world.workflows.is_running

            def is_running(workflow, name):
                world.tasks.change(task.id, lambda current: finish(current, world.clock()))
                return real(workflow, name)

            world.workflows.is_running = is_running
        assert sweep(world, STALL) == NOTHING
        watch_at = None if ends else world.clock() + STALL
        assert world.task(task.id).watch_at == watch_at

    def test_a_parked_task_that_still_runs_is_looked_at_sooner(self, world):
        world.workflows.is_down = True
        task = world.accept().task
        world.workflows.is_down = False
        world.workflows.start("request", f"{task.id[-26:]}-1", {})
        world.workflows.running = set(world.workflows.started)
        assert sweep(world, STALL) == NOTHING
        assert world.task(task.id).watch_at == world.clock() + timedelta(seconds=30)

    def test_an_engine_that_is_down_delays_and_loses_nothing(self, world):
        task = world.accept().task
        world.workflows.is_down = True
        assert sweep(world, STALL) == NOTHING
        world.workflows.is_down = False
        assert sweep(world).resumed_tasks == 1
        assert world.task(task.id).status is TaskStatus.PENDING


class TestExpiry:
    def test_what_has_expired_is_released_once(self, world, up):
        assert sweep(world, timedelta(days=7) - timedelta(seconds=1)).expired_resources == 0
        assert sweep(world, timedelta(seconds=1)).expired_resources == 1
        assert sweep(world).expired_resources == 0
        resource = world.resource(up.id)
        assert resource.status is ResourceStatus.TERMINATING
        assert resource.release.reason == "Its time was up."
        assert [w for w, _ in world.workflows.started.values()].count("release") == 1


class TestLost:
    @pytest.mark.parametrize(
        ("status", "fault", "reason"),
        [
            (None, None, "deleted in OpenStack"),
            (ServerStatus.DELETING, None, "deleted in OpenStack"),
            (ServerStatus.ERROR, "The host burned.", "The host burned."),
            (ServerStatus.ERROR, None, "no reason"),
        ],
    )
    def test_a_lost_vm_fails_its_resource_with_the_reason(self, world, up, status, fault, reason):
        if status is None:
            world.compute.servers.clear()
        else:
            world.compute.set_status(up.server_id, status, fault)
        report = sweep(world)
        if status is ServerStatus.DELETING:
            report = sweep(world)
        assert report.lost_resources == 1
        assert reason in world.resource(up.id).failure_reason
        assert world.resource(up.id).release.outcome is ResourceStatus.FAILED
        assert sweep(world).lost_resources == 0

    def test_a_list_that_is_older_than_the_resource_is_not_believed(self, world, up):
        world.compute.all_servers = lambda: iter(())
        assert sweep(world).lost_resources == 0
        assert world.resource() == up

    def test_a_resource_under_work_is_its_workflows_business(self, world):
        world.accept()
        assert sweep(world).lost_resources == 0

    def test_an_unreachable_cloud_is_reported_and_the_rest_is_done(self, world, up):
        world.compute.fail("all_servers", CloudUnreachable("Keystone is away."))
        report = sweep(world, timedelta(days=7))
        assert report.cloud_error == "Keystone is away."
        assert report.expired_resources == 1
        assert world.resource(up.id).status is ResourceStatus.TERMINATING


class TestOrphans:
    def orphans(self, world, resource_id):
        server = world.compute.add_server(resource_id)
        port = world.compute.create_port(resource_id, "net", 0)
        floating_ip = world.compute.create_floating_ip(resource_id, port.id)
        return {server.id, port.id, floating_ip.id}

    @pytest.mark.parametrize("resource_id", ["r-unknown", None])
    def test_what_nobody_owns_goes_when_old_and_seen_twice(self, world, resource_id):
        self.orphans(world, resource_id)
        assert sweep(world, AGE - timedelta(seconds=1)) == NOTHING
        assert sweep(world, timedelta(seconds=1)).orphans_removed == 0
        assert sweep(world).orphans_removed == 0, "the same moment is no second sight"
        assert sweep(world, timedelta(seconds=1)).orphans_removed == 3
        assert world.compute.is_empty()
        assert not world.claims.orphans

    @pytest.mark.parametrize("status", [ResourceStatus.TERMINATED, ResourceStatus.FAILED])
    def test_what_an_ended_resource_left_goes_too(self, world, up, status):
        self.orphans(world, up.id)
        world.change(up.id, status=status)
        sweep(world, AGE)
        assert sweep(world, AGE).orphans_removed == 4

    def test_what_a_live_resource_has_stays(self, world):
        step = world.steps()
        self.orphans(world, step.resource_id)
        for _ in range(3):
            assert sweep(world, AGE).orphans_removed == 0

    def test_a_second_server_of_an_up_resource_goes(self, world, up):
        world.compute.add_server(up.id)
        sweep(world, AGE)
        assert sweep(world, AGE).orphans_removed == 1
        assert list(world.compute.servers) == [up.server_id]

    def test_an_up_resource_without_a_known_server_loses_none_of_them(self, world, up):
        world.change(up.id, server_id=None)
        sweep(world, AGE)
        assert up.server_id in world.compute.servers

    def test_a_server_that_is_going_already_is_left_alone(self, world):
        world.compute.add_server("r-unknown", ServerStatus.DELETING)
        sweep(world, AGE)
        sweep(world, AGE)
        assert world.compute.count("delete_server") == 0


def test_a_release_under_way_is_nobody_elses_business(world, up):
    release_resource(world.backend, MEMBER, up.id)
    world.compute.servers.clear()
    report = sweep(world, timedelta(days=8))
    assert (report.expired_resources, report.lost_resources) == (0, 0)
    assert world.claims.name_holder(EXPERIMENT, "vm") == up.id
