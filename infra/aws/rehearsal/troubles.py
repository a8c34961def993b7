"""What befalls VMs on the deployed parts: a refused reset, a cloud that is away, a failed build."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from infra.aws.rehearsal.client import CLOSED, Client, wait_until
from infra.aws.rehearsal.report import Finding, Report, Steps
from infra.aws.rehearsal.world import World
from infra.local.simulator.faults import Effect, Fault


@contextmanager
def _in_force(world: World, fault: Fault) -> Iterator[Fault]:
    world.simulator.faults.add(fault)
    try:
        yield fault
    finally:
        world.simulator.faults.remove(fault)


def build_fails(client: Client, world: World) -> None:
    """Ask for VMs that end in ERROR.

    Raises:
        Finding: the task does not say why it failed.
    """
    fault = Fault(Effect.SPAWN_ERROR, times=None, message="the host is out of disk")
    with _in_force(world, fault):
        reason = client.failed(client.request("f", "g")["task"]["id"])
    if fault.message not in reason:
        raise Finding(reason)


class RefusedReset:
    """A reset that OpenStack refuses, of a VM that is up; `target` tells which."""

    # As Nova words it for a server that cannot be rebooted as it is.
    _MESSAGE = "Cannot 'reboot' instance while it is in vm_state rescued"

    def __init__(self, client: Client, world: World, target: Callable[[], str]) -> None:
        self._client = client
        self._world = world
        self._target = target

    def steps(self) -> Steps:
        """Return the steps, each with what it shows."""
        return [
            ("a reset that OpenStack refuses fails with its reason", self._refused),
            ("its VM is up, has the reason in its history, and can be reset again", self._again),
        ]

    def _refused(self) -> None:
        fault = Fault(
            Effect.STATUS, "POST", "/action$", times=None, status=409, message=self._MESSAGE
        )
        with _in_force(self._world, fault):
            reason = self._client.failed(self._client.reset(self._target()))
        if self._MESSAGE not in reason:
            raise Finding(reason)

    def _again(self) -> None:
        self._client.expect([self._target()], "up")
        history = self._client.ok("GET", f"/resources/{self._target()}/events")
        details = [str(one["detail"]) for one in history if one["what"] == "reset failed"]
        if len(details) != 1 or self._MESSAGE not in details[0]:
            raise Finding(json.dumps(history, indent=1))
        self._client.finished(self._client.reset(self._target()))
        self._client.expect([self._target()], "up")


def outage(report: Report, client: Client, world: World, run: Callable[[str], Any]) -> None:
    """Let OpenStack be away for longer than a workflow tries; `run` calls a schedule's function.

    What follows is docs/how-to/run-on-aws.md, "Recover a parked task": one of two parked requests
    is recovered, the other one given up.
    """
    requests = _ParkedRequests(client, run)
    with _in_force(world, Fault(Effect.OUTAGE)):
        is_parked = report.in_turn(requests.while_away())
    if is_parked:
        report.in_turn(requests.once_back())


class _ParkedRequests:
    def __init__(self, client: Client, run: Callable[[str], Any]) -> None:
        self._client = client
        self._run = run
        self._kept: dict[str, Any] = {}
        self._given_up: dict[str, Any] = {}
        self._deletion = ""
        self._since = ""

    def while_away(self) -> Steps:
        return [
            ("OpenStack is away: a request is parked, with its reason and next try", self._park),
            ("a sweep meanwhile tries again in vain: parked since the first time", self._try),
            ("another parked request is given up by DELETE, which is parked too", self._give_up),
        ]

    def once_back(self) -> Steps:
        return [
            ("OpenStack is back: the sweep resumes the first, its VMs are up", self._recover),
            ("what was given up is gone, and its request says so", self._gone),
            ("release of the recovered VMs and their link", self._release),
        ]

    def _park(self) -> None:
        self._kept = self._client.request("c", "d")["task"]
        task = self._client.parked(self._kept["id"])
        self._since = task["parked_since"]
        waits = [step for step in task["steps"] if "Waiting since " in str(step["detail"])]
        is_said = "OpenStack cannot be reached" in task["waiting_reason"]
        if not (is_said and waits and task["next_try_at"] and task["status"] == "running"):
            raise Finding(json.dumps(task, indent=1))

    def _try(self) -> None:
        def resumed() -> Any:
            done = self._run("reconcile")
            return done if done["resumed_tasks"] else None

        swept = wait_until(resumed, "the sweep that resumes the task")
        task = self._client.parked(self._kept["id"])
        if task["parked_since"] != self._since or not swept["cloud_error"]:
            raise Finding(json.dumps([self._since, task, swept], indent=1))

    def _give_up(self) -> None:
        self._given_up = self._client.request("e")["task"]
        self._client.parked(self._given_up["id"])
        self._deletion = self._client.delete(self._given_up["resource_ids"][0])
        self._client.parked(self._deletion)

    def _recover(self) -> None:
        self._sweep_until_closed(self._kept["id"])
        self._client.finished(self._kept["id"])
        self._client.expect(self._kept["resource_ids"], "up")

    def _gone(self) -> None:
        for task_id in (self._deletion, self._given_up["id"]):
            self._sweep_until_closed(task_id)
        self._client.finished(self._deletion)
        self._client.expect(self._given_up["resource_ids"], "terminated")
        reason = self._client.failed(self._given_up["id"])
        if "deleted before the task was done" not in reason:
            raise Finding(reason)

    def _release(self) -> None:
        for task_id in [self._client.delete(one) for one in self._kept["resource_ids"]]:
            self._client.finished(task_id)

    def _sweep_until_closed(self, task_id: str) -> None:
        def closed() -> bool:
            self._run("reconcile")
            return self._client.task(task_id)["status"] in CLOSED

        wait_until(closed, f"sweeps to end {task_id}")
