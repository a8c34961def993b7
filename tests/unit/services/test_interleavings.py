"""Crashes and races at every external effect of building and removing a VM.

The real workflow files run against the real steps. A runner dies before or after its k-th effect,
or is overtaken there, for every k; then time passes, the reconciler sweeps, and everything must be
as if nothing had happened: one server for a resource that is wanted, nothing for one that is not.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from chalicelib.domain.errors import CloudRefused
from chalicelib.domain.quota import Amount
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.services.cloud_ports import ServerStatus
from chalicelib.services.reconcile import reconcile
from chalicelib.services.release_resource import release_resource
from tests.fakes.asl import Interpreter
from tests.fakes.mortal import Fate, Mortal, ProcessDiedError
from tests.fakes.world import CIRROS, EXPERIMENT, MEMBER, PROJECT, World, want

UP, TERMINATED, FAILED = ResourceStatus.UP, ResourceStatus.TERMINATED, ResourceStatus.FAILED
HOLD = {"r-other": Amount(1, 1, 1)}
SETTLED = 12


class Lab:
    """One accepted request for one VM, and runners with fates that work on it."""

    def __init__(self, *, sweeps_orphans: bool = False) -> None:
        age = timedelta(minutes=15) if sweeps_orphans else timedelta(days=99)
        self.world = World(orphan_age=age)
        self.world.compute.first_status = ServerStatus.ACTIVE
        self.world.compute.slow_deletes = True
        self.world.claims.bookings[PROJECT] = dict(HOLD)
        self.done: set[str] = set()
        self.world.accept(want("vm", disk_image_id=CIRROS.id, public_ipv4=True))

    def run(self, fate: Fate | None = None, **mode: bool) -> None:
        """Run every execution that was started and has not run yet."""
        fate = fate or Fate()
        world = self.world
        backend = replace(
            world.backend,
            resources=Mortal(world.resources, fate),
            tasks=Mortal(world.tasks, fate),
            claims=Mortal(world.claims, fate),
        )
        interpreter = Interpreter(backend, Mortal(world.compute, fate), world.clock, fate, **mode)
        for name in [n for n in world.workflows.started if n not in self.done]:
            self.done.add(name)
            try:
                interpreter.run(*world.workflows.started[name])
            except ProcessDiedError:
                return

    def run_again(self, **mode: bool) -> None:
        """Run the first execution once more: a duplicate of whatever works on it now."""
        workflow, payload = next(iter(self.world.workflows.started.values()))
        Interpreter(self.world.backend, self.world.compute, self.world.clock, **mode).run(
            workflow, payload
        )

    def order_release(self) -> None:
        release_resource(self.world.backend, MEMBER, self.world.resource().id)

    def release(self) -> None:
        """Order the removal, and run its workflow."""
        self.order_release()
        self.run()

    def settle(self, rounds: int = SETTLED) -> None:
        """Let time pass and sweep, until all tasks are closed and a little longer."""
        for _ in range(rounds):
            self.world.clock.advance(timedelta(minutes=6))
            reconcile(self.world.backend, self.world.compute)
            self.run()
            if all(task.is_closed for task in self.world.tasks.by_id.values()):
                return

    def check(self, *statuses: ResourceStatus) -> None:
        """Hold the quiet state against the invariants."""
        world, resource = self.world, self.world.resource()
        assert resource.status in statuses
        assert all(task.is_closed for task in world.tasks.by_id.values())
        cloud = world.compute
        if resource.status is UP:
            assert [s.id for s in cloud.servers.values()] == [resource.server_id]
            assert len(cloud.ports) == len(cloud.floating_ips) == 1
            assert world.claims.names == {(EXPERIMENT, "vm"): resource.id}
            assert set(world.claims.bookings[PROJECT]) == {"r-other", resource.id}
        else:
            assert cloud.is_empty()
            assert not world.claims.names
            assert world.claims.bookings[PROJECT] == HOLD


def effects_of(action) -> int:
    """Return how many effects the action has when nothing happens to it."""
    fate = Fate()
    action(Lab(), fate)
    return fate.effects


BUILD_EFFECTS = effects_of(lambda lab, fate: lab.run(fate))


def remove(lab: Lab, fate: Fate) -> None:
    lab.run()
    lab.order_release()
    lab.run(fate)


REMOVE_EFFECTS = effects_of(remove)
BUILD = range(1, BUILD_EFFECTS + 1)
REMOVE = range(1, REMOVE_EFFECTS + 1)
DEATHS = ("die_before", "die_after")
MODES = pytest.mark.parametrize("dies_whole", [True, False], ids=["execution", "step"])


def test_the_counts_cover_the_whole_work():
    assert BUILD_EFFECTS > 20
    assert REMOVE_EFFECTS > 10


@MODES
@pytest.mark.parametrize("death", DEATHS)
def test_a_build_that_dies_anywhere_ends_with_one_server(death, dies_whole):
    for k in BUILD:
        lab = Lab()
        lab.run(Fate(**{death: k}), dies_whole=dies_whole)
        assert len(lab.world.compute.servers) <= 1
        lab.settle()
        lab.check(UP)
        assert lab.world.compute.count("create_server") <= 2
        assert len(lab.world.compute.specs) == 1, "adopted, never built twice"


@MODES
@pytest.mark.parametrize("death", DEATHS)
def test_a_build_that_died_anywhere_can_be_removed(death, dies_whole):
    for k in BUILD:
        lab = Lab()
        lab.run(Fate(**{death: k}), dies_whole=dies_whole)
        lab.release()
        lab.settle()
        lab.check(TERMINATED)


@MODES
@pytest.mark.parametrize("death", DEATHS)
def test_a_removal_that_dies_anywhere_leaves_nothing(death, dies_whole):
    for k in REMOVE:
        lab = Lab()
        lab.run()
        lab.order_release()
        lab.run(Fate(**{death: k}), dies_whole=dies_whole)
        lab.settle()
        lab.check(TERMINATED)


@pytest.mark.parametrize("how", [Lab.order_release, Lab.release], ids=["ordered", "and run"])
def test_delete_wins_wherever_it_overtakes_the_build(how):
    for k in BUILD:
        lab = Lab(sweeps_orphans=True)
        lab.run(Fate(overtaken_at=k, by=lambda lab=lab: how(lab)))
        lab.settle()
        # A paused builder's call may land after the removal: then the sweep finds the server.
        for _ in range(4):
            lab.world.clock.advance(timedelta(minutes=10))
            reconcile(lab.world.backend, lab.world.compute)
        lab.check(*((TERMINATED,) if lab.world.resource().release else (UP,)))


@pytest.mark.parametrize("death", DEATHS)
def test_delete_wins_over_a_build_that_it_overtakes_and_that_then_dies(death):
    for k in BUILD:
        for later in (0, 1, 2, 5):
            lab = Lab()
            fate = Fate(overtaken_at=k, by=lab.order_release, **{death: k + later})
            lab.run(fate, dies_whole=True)
            lab.settle()
            lab.check(TERMINATED if lab.world.resource().release else UP)


def test_a_duplicate_that_overtakes_the_build_builds_nothing_twice():
    """No time passes: the duplicate meets the lease, or does the work instead."""
    for k in BUILD:
        lab = Lab()
        again = lambda lab=lab: lab.run_again(is_patient=False)  # noqa: E731 (one line tells it)
        lab.run(Fate(overtaken_at=k, by=again))
        lab.settle()
        lab.check(UP)
        assert len(lab.world.compute.specs) == 1


def test_a_duplicate_that_outlasts_the_lease_leaves_no_second_server():
    """The first runner was asleep for longer than its lease: what it adds is removed."""
    for k in BUILD:
        lab = Lab(sweeps_orphans=True)
        lab.run(Fate(overtaken_at=k, by=lab.run_again))
        lab.settle()
        for _ in range(4):
            lab.world.clock.advance(timedelta(minutes=10))
            reconcile(lab.world.backend, lab.world.compute)
            lab.run()
        # The late create call may have unbound the winner's port: then the loss is told.
        lab.check(UP, FAILED)
        reason = lab.world.resource().failure_reason
        assert reason is None or "network port away" in reason


def test_two_deaths_in_one_build_end_with_one_server():
    for k in BUILD:
        for second in range(1, BUILD_EFFECTS, 8):
            lab = Lab()
            lab.run(Fate(die_after=k), dies_whole=True)
            lab.world.clock.advance(timedelta(minutes=6))
            reconcile(lab.world.backend, lab.world.compute)
            lab.run(Fate(die_after=second), dies_whole=True)
            lab.settle()
            lab.check(UP)


@MODES
@pytest.mark.parametrize("death", DEATHS)
def test_a_failed_build_is_undone_though_its_undoing_dies(death, dies_whole):
    for k in range(1, BUILD_EFFECTS + REMOVE_EFFECTS):
        lab = Lab()
        lab.world.compute.fail("create_floating_ip", CloudRefused("No public addresses left."))
        lab.run(Fate(**{death: k}), dies_whole=dies_whole)
        lab.settle()
        lab.check(FAILED, UP)
        if lab.world.resource().status is FAILED:
            assert "No public addresses left." in lab.world.resource().failure_reason


def test_lost_answers_are_looked_for_not_repeated():
    for method in ("create_port", "create_server", "create_floating_ip"):
        lab = Lab()
        lab.world.compute.lose_answer(method)
        lab.run()
        lab.settle()
        lab.check(UP)
        assert lab.world.compute.count(method) == 1
