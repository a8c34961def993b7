"""What use cases count."""

from __future__ import annotations

from datetime import timedelta

from chalicelib import metrics
from chalicelib.domain.errors import CloudUnreachable
from chalicelib.services.lifecycle.progress import park_task
from chalicelib.services.reconcile import reconcile


def test_an_accepted_and_parked_task_is_counted_once_each(world):
    step = world.steps()
    assert world.metrics.of(metrics.TASKS_ACCEPTED) == [1]
    assert world.metrics.dimensions_of(metrics.TASKS_ACCEPTED) == [{"Action": "create"}]
    park_task(world.backend, step.task_id, "OpenStack is away.")
    assert world.metrics.of(metrics.TASKS_PARKED) == [1]


def test_a_sweep_counts_orphans(world):
    world.compute.add_server("r_nobodys")
    for _ in range(2):
        world.clock.advance(timedelta(minutes=16))
        reconcile(world.backend, world.compute)
    assert world.metrics.of(metrics.ORPHANS_FOUND) == [0, 1]
    assert world.metrics.of(metrics.ORPHANS_REMOVED) == [0, 1]
    assert world.metrics.of(metrics.CLOUD_UNREACHABLE) == [0, 0]


def test_a_sweep_without_the_cloud_counts_no_orphans(world, monkeypatch):
    def away():
        raise CloudUnreachable("It does not answer.")

    monkeypatch.setattr(world.compute, "all_servers", away)
    reconcile(world.backend, world.compute)
    assert world.metrics.of(metrics.ORPHANS_FOUND) == []
    assert world.metrics.of(metrics.CLOUD_UNREACHABLE) == [1]
