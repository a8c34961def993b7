"""A task: the intent record of a request, and its progress.

The task item is written first and carries the whole request; resources, names and quota are
derived from it, repeatably.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.errors import WrongStatus
from chalicelib.domain.statuses import CLOSED_TASK_STATUSES, TASK_NEXT_STATUSES, TaskStatus


class TaskAction(StrEnum):
    """What a task does; each has a workflow in infra/aws."""

    CREATE = "create"
    DELETE = "delete"
    RESET = "reset"
    DELETE_LINK = "delete_link"


class StepStatus(StrEnum):
    """Where a step of a task stands."""

    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


STEP_NAMES: dict[TaskAction, tuple[str, ...]] = {
    TaskAction.CREATE: ("network", "server", "boot", "ready"),
    TaskAction.DELETE: ("server gone", "network gone", "closed"),
    TaskAction.RESET: ("reboot", "ready"),
    TaskAction.DELETE_LINK: (),
}
LINK_STEP_NAMES: dict[TaskAction, tuple[str, ...]] = {
    TaskAction.CREATE: ("reserved", "active"),
    TaskAction.DELETE: (),
    TaskAction.RESET: (),
    TaskAction.DELETE_LINK: ("released",),
}


class Step(Struct, frozen=True):
    """One step for one resource, or for the link of that id; `name` is what the user reads.

    `waiting_since` is when it was first left to be tried again; it stays until the step is over.
    """

    name: str
    resource_id: str
    status: StepStatus = StepStatus.PENDING
    started_at: datetime | None = None
    finished_at: datetime | None = None
    detail: str | None = None
    waiting_since: datetime | None = None


class Refusal(Struct, frozen=True):
    """Why an accepted request was taken back before anything was built."""

    slug: str
    detail: str
    field: str | None = None


class Task(Struct, frozen=True):
    """A task with its whole state; `version` counts the writes.

    `intent` is the accepted request, kept for good; `secret_input` (user data, SSH keys) is dropped
    when the task closes. A create task is accepted or refused once its names and quota are claimed.
    `watch_at` is when the reconciler looks at an open task; None once it is closed.
    """

    id: str
    action: TaskAction
    infra_id: str
    project_id: str
    experiment_id: str
    owner_id: str | None
    resource_ids: tuple[str, ...]
    steps: tuple[Step, ...]
    created_at: datetime
    updated_at: datetime
    status: TaskStatus = TaskStatus.PENDING
    version: int = 0
    link_ids: tuple[str, ...] = ()
    request_id: str | None = None
    request_hash: str | None = None
    intent: dict[str, Any] | None = None
    secret_input: dict[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    is_accepted: bool = False
    refusal: Refusal | None = None
    executions: int = 0
    watch_at: datetime | None = None
    parked_since: datetime | None = None
    waiting_reason: str | None = None
    finished_at: datetime | None = None
    failure_reason: str | None = None

    @property
    def is_closed(self) -> bool:
        """Say whether nothing more will happen."""
        return self.status in CLOSED_TASK_STATUSES

    @property
    def next_try_at(self) -> datetime | None:
        """When a parked task goes on; None for any other."""
        return self.watch_at if self.parked_since is not None else None

    @property
    def completed(self) -> int:
        """Percent of the steps that are done; 100 only when the task is finished."""
        if self.status is TaskStatus.FINISHED:
            return 100
        if not self.steps:
            return 0
        done = sum(step.status is StepStatus.FINISHED for step in self.steps)
        return min(99, done * 100 // len(self.steps))


def plan(
    action: TaskAction,
    resources: tuple[tuple[str, str], ...],
    links: tuple[tuple[str, str], ...] = (),
) -> tuple[Step, ...]:
    """Return the pending steps for (id, friendly_name) pairs of resources and links."""
    return tuple(
        Step(f"{friendly_name}: {name}", identifier)
        for named, names in ((resources, STEP_NAMES), (links, LINK_STEP_NAMES))
        for identifier, friendly_name in named
        for name in names[action]
    )


def transition(task: Task, to: TaskStatus, now: datetime) -> Task:
    """Return the task in the next status.

    Raises:
        WrongStatus: TASK_NEXT_STATUSES does not allow it.
    """
    if to not in TASK_NEXT_STATUSES[task.status]:
        raise WrongStatus(f"Task {task.id} is {task.status} and cannot become {to}.")
    return replace(task, status=to, updated_at=now)


def begin_execution(task: Task, now: datetime, stall: timedelta) -> Task:
    """Return the task with one more execution counted, watched from after the stall time."""
    return replace(
        task,
        executions=task.executions + 1,
        watch_at=now + stall,
        parked_since=None,
        waiting_reason=None,
        updated_at=now,
    )


def mark_running(task: Task, now: datetime, stall: timedelta) -> Task:
    """Return the task as running and alive; unchanged when it was seen alive a moment ago.

    A task that another branch of its workflow parked stays parked.
    """
    if task.is_closed or task.parked_since is not None:
        return task
    if task.status is TaskStatus.PENDING:
        task = transition(task, TaskStatus.RUNNING, now)
    elif task.watch_at is not None and task.watch_at - now > stall / 2:
        return task
    return replace(task, watch_at=now + stall, updated_at=now)


def set_step(
    task: Task,
    resource_id: str,
    name: str,
    status: StepStatus,
    now: datetime,
    detail: str | None = None,
) -> Task:
    """Return the task with one step changed; a finished step and a closed task stay as they are."""
    if task.is_closed:
        return task
    steps = tuple(
        _moved(step, status, now, detail)
        if step.resource_id == resource_id and step.name.endswith(f": {name}")
        else step
        for step in task.steps
    )
    return task if steps == task.steps else replace(task, steps=steps, updated_at=now)


def _moved(step: Step, status: StepStatus, now: datetime, detail: str | None) -> Step:
    if step.status is StepStatus.FINISHED:
        return step
    if step.status is status and step.detail == detail:
        return step
    is_over = status in {StepStatus.FINISHED, StepStatus.FAILED}
    return replace(
        step,
        status=status,
        started_at=step.started_at or now,
        finished_at=now if is_over else None,
        detail=detail,
        waiting_since=None if is_over else step.waiting_since,
    )


def park(task: Task, now: datetime, reason: str, retry: timedelta) -> Task:
    """Return the task as waiting for something outside; the reconciler resumes it."""
    if task.is_closed:
        return task
    waiting = [step for step in task.steps if step.status is StepStatus.RUNNING] or [
        step for step in task.steps if step.status is StepStatus.PENDING
    ][:1]
    # A step that was tried again, and waits again, has waited all the time.
    known = [step.waiting_since for step in waiting if step.waiting_since is not None]
    since = min([*known, task.parked_since or now])
    detail = f"Waiting since {since:%Y-%m-%dT%H:%M:%SZ}: {reason} It resumes by itself."
    steps = tuple(
        replace(step, detail=detail, waiting_since=since) if step in waiting else step
        for step in task.steps
    )
    return replace(
        task,
        steps=steps,
        parked_since=since,
        waiting_reason=reason,
        watch_at=now + retry,
        updated_at=now,
    )


def decide(task: Task, refusal: Refusal | None) -> Task:
    """Return the task as accepted (None) or refused; the first decision stands."""
    if task.is_closed or task.is_accepted or task.refusal is not None:
        return task
    return replace(task, refusal=refusal, is_accepted=refusal is None)


def close_refused(task: Task, now: datetime) -> Task:
    """Return the refused task as failed, once it holds nothing any more."""
    if task.is_closed or task.refusal is None:
        return task
    failed = transition(task, TaskStatus.FAILED, now)
    return _closed(replace(failed, failure_reason=task.refusal.detail), now)


def finish(task: Task, now: datetime) -> Task:
    """Return the task as finished, without the secrets that it no longer needs."""
    if task.is_closed:
        return task
    return _closed(transition(task, TaskStatus.FINISHED, now), now)


def fail(task: Task, now: datetime, reason: str) -> Task:
    """Return the task as failed, with the reason in words."""
    if task.is_closed:
        return task
    steps = tuple(
        replace(step, status=StepStatus.FAILED, finished_at=now, detail=step.detail or reason)
        if step.status is StepStatus.RUNNING
        else step
        for step in task.steps
    )
    failed = replace(transition(task, TaskStatus.FAILED, now), steps=steps, failure_reason=reason)
    return _closed(failed, now)


def _closed(task: Task, now: datetime) -> Task:
    return replace(
        task,
        finished_at=now,
        watch_at=None,
        parked_since=None,
        waiting_reason=None,
        secret_input=None,
    )
