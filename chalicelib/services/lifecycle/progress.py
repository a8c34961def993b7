"""What a step tells the task, so that users can follow."""

from __future__ import annotations

import logging

from msgspec import Struct

from chalicelib.domain.tasks import StepStatus, Task, mark_running, park, set_step
from chalicelib.logs.events import log
from chalicelib.metrics import TASKS_PARKED
from chalicelib.services.backend import Backend

logger = logging.getLogger(__name__)


class StepInput(Struct, frozen=True):
    """What every step gets from its workflow: identifiers, nothing else."""

    task_id: str
    resource_id: str


def report(
    backend: Backend, step: StepInput, name: str, status: StepStatus, detail: str | None = None
) -> None:
    """Set the named step of the resource, and show that the task is alive."""
    now = backend.clock()

    def change(task: Task) -> Task:
        alive = mark_running(task, now, backend.settings.stall)
        return set_step(alive, step.resource_id, name, status, now, detail)

    backend.tasks.change(step.task_id, change)


def begin(backend: Backend, step: StepInput, name: str, detail: str | None = None) -> None:
    """Report that the step runs."""
    report(backend, step, name, StepStatus.RUNNING, detail)


def done(backend: Backend, step: StepInput, name: str) -> None:
    """Report that the step is finished."""
    report(backend, step, name, StepStatus.FINISHED)


def park_task(backend: Backend, task_id: str, reason: str) -> None:
    """Leave the task to the reconciler, saying why."""
    now = backend.clock()
    task = backend.tasks.change(
        task_id, lambda current: park(current, now, reason, backend.settings.park)
    )
    if not task.is_closed:
        log(logger, logging.WARNING, "task parked", task_id=task_id, reason=reason)
        backend.metrics.record({TASKS_PARKED: 1})
