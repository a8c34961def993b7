"""Tasks on the wire."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.api.schemas.base import Answer, Time
from chalicelib.domain.statuses import TaskStatus
from chalicelib.domain.tasks import StepStatus, TaskAction


class StepAnswer(Answer, frozen=True):
    """One step of a task."""

    name: str
    status: StepStatus
    started_at: Time | None
    finished_at: Time | None
    detail: str | None


class TaskAnswer(Answer, frozen=True):
    """A task; `completed` is percent."""

    id: str
    action: TaskAction
    status: TaskStatus
    completed: Annotated[int, Meta(ge=0, le=100)]
    steps: list[StepAnswer]
    resource_ids: list[str]
    link_ids: list[str]
    created_at: Time
    updated_at: Time
    finished_at: Time | None
    parked_since: Annotated[
        Time | None,
        Meta(
            description="Since when it waits for what does not answer, "
            "however often that was tried; null while it is at work and once it is closed."
        ),
    ]
    next_try_at: Annotated[
        Time | None, Meta(description="When a parked task is resumed, by itself; else null.")
    ]
    waiting_reason: Annotated[
        str | None, Meta(description="What a parked task waits for, in words; else null.")
    ]
    failure_reason: str | None
