"""Tasks as clients see them."""

from __future__ import annotations

from chalicelib.api.schemas.task_answer import StepAnswer, TaskAnswer
from chalicelib.domain.tasks import Step, Task


def task_answer(task: Task) -> TaskAnswer:
    """Return a task without what only its workflow needs."""
    return TaskAnswer(
        id=task.id,
        action=task.action,
        status=task.status,
        completed=task.completed,
        steps=[_step(step) for step in task.steps],
        resource_ids=list(task.resource_ids),
        link_ids=list(task.link_ids),
        created_at=task.created_at,
        updated_at=task.updated_at,
        finished_at=task.finished_at,
        parked_since=task.parked_since,
        next_try_at=task.next_try_at,
        waiting_reason=task.waiting_reason,
        failure_reason=task.failure_reason,
    )


def _step(step: Step) -> StepAnswer:
    return StepAnswer(
        name=step.name,
        status=step.status,
        started_at=step.started_at,
        finished_at=step.finished_at,
        detail=step.detail,
    )
