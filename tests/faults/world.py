"""A local stack whose processes can die."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from chalicelib import bootstrap
from chalicelib.domain.statuses import ResourceStatus
from infra.local.stack import LocalStack
from tests.faults.invariants import violations
from tests.faults.life import Life
from tests.faults.reaper import Reaper, SandboxKilled
from tests.faults.waiting import wait_until
from tests.faults.watched import WatchedCompute, watched_backend

VARIABLES = {
    "POLL_SECONDS": "1",
    "PARK_SECONDS": "1",
    "LEASE_SECONDS": "3",
    "STALL_SECONDS": "5",
    "ORPHAN_AGE_SECONDS": "2",
    "QUOTA_RAM_MIB": "10000000",
}
AT_ONCE = 16
_SWEEP_SECONDS = 1.5


class World:
    """The stack, its watched ports, and the lives in it."""

    def __init__(self, stack: LocalStack, reaper: Reaper) -> None:
        self.stack = stack
        self.reaper = reaper
        self.stored = bootstrap.backend()
        self.backend = watched_backend(self.stored, reaper)
        self.compute = WatchedCompute(bootstrap.compute(), reaper)

    def new_life(self) -> Life:
        """Return a VM's life that has not begun."""
        return Life(self.reaper, self.backend, self.stored)

    def violations(self, life: Life, expected: ResourceStatus | None) -> list[str]:
        """Return what is wrong with a VM now."""
        created = self.compute.created_servers.get(life.resource_id or "", [])
        return violations(life, self.stack.simulator.snapshot(), created, expected)

    def at_rest(self, life: Life, expected: ResourceStatus | None) -> list[str]:
        """Wait until everything about a VM is right; return what still is not when time is up."""
        try:
            life.wait_for_tasks()
            wait_until(lambda: not self.violations(life, expected), "rest", 20)
        except TimeoutError as error:
            return [str(error), *self.violations(life, expected)]
        return []


class Sweeper:
    """Runs the reconciler over and over."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(_SWEEP_SECONDS):
            try:
                self._stack.scheduler.run("reconcile")
            except SandboxKilled:
                continue  # the next sweep is its second life

    def stop(self) -> None:
        self._stopping.set()


def at_once(work: list[Callable[[], list[str]]]) -> list[list[str]]:
    """Do all of it, some at a time, and return the results in order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda one: one(), work))
