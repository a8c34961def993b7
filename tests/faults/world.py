"""A local stack whose processes can die."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from chalicelib import bootstrap
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.services.backend import Backend
from chalicelib.services.sync_catalog import sync_catalog
from infra.local.lambda_functions import Interceptor
from infra.local.simulator import Snapshot
from infra.local.stack import LocalStack
from tests.fakes.stores import FakeCatalogStore, FakeClaimStore, FakeResourceStore, FakeTaskStore
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
_SWEEP_SECONDS = 2.0
_ORDER_SECONDS = 20


class World:
    """The stack, its watched ports, and the lives in it."""

    def __init__(self, stack: LocalStack, stored: Backend, look: Callable[[], Snapshot]) -> None:
        self.stack = stack
        self.look = look
        self.reaper = reaper = Reaper()
        self.stored = stored
        self.backend = watched_backend(self.stored, reaper)
        self.cloud = bootstrap.compute()
        self.compute = WatchedCompute(self.cloud, reaper)

    def new_life(self) -> Life:
        """Return a VM's life that has not begun."""
        return Life(self.reaper, self.backend, self.stored)

    def violations(self, life: Life, expected: ResourceStatus) -> list[str]:
        """Return what is wrong with a VM now."""
        created = self.compute.created_servers.get(life.resource_id or "", [])
        return violations(life, self.look(), created, expected)

    def note_servers(self, resource_id: str) -> None:
        """Count the servers that are in the cloud, whoever created them."""
        created = self.compute.created_servers.setdefault(resource_id, [])
        created += [s.id for s in self.cloud.find_servers(resource_id) if s.id not in created]

    def at_rest(self, life: Life, expected: ResourceStatus) -> list[str]:
        """Wait until everything about a VM is right; return what still is not when time is up."""
        try:
            wait_until(lambda: life.is_resting(expected), f"{expected}")
            # The sweep removes an orphan only when it sees it for the second time.
            wait_until(lambda: not self.violations(life, expected), "order", _ORDER_SECONDS)
        except TimeoutError as error:
            return [str(error), *self.violations(life, expected)]
        return []


def in_memory(backend: Backend) -> Backend:
    """Exchange the stores for those in memory, which keep the same contract.

    The mock of DynamoDB takes most of the time of a case; whether a write is atomic is the
    business of the stores' own tests.
    """
    stores = replace(
        backend,
        resources=FakeResourceStore(),
        tasks=FakeTaskStore(),
        catalog=FakeCatalogStore(),
        claims=FakeClaimStore(),
    )
    sync_catalog(stores, bootstrap.cloud_catalog())
    return stores


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


@contextmanager
def alive(world: World, around: Interceptor) -> Iterator[World]:
    """Let the stack's processes use the watched ports, and sweep, until the block ends."""
    sweeper = Sweeper(world.stack)
    thread = threading.Thread(target=sweeper.run, name="sweeper", daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "backend", lambda: world.backend)
        patch.setattr(bootstrap, "compute", lambda: world.compute)
        world.stack.functions.interceptors.append(around)
        thread.start()
        yield world
        sweeper.stop()
        thread.join()
