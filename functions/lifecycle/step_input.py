"""What workflows send to steps."""

from __future__ import annotations

from typing import Any

from chalicelib.services.lifecycle.progress import StepInput

Event = dict[str, Any]


def step_of(event: Event) -> StepInput:
    """Return the identifiers of a step's event."""
    return StepInput(task_id=event["task_id"], resource_id=event["resource_id"])
