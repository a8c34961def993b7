"""Steps that begin, park and close a task."""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap
from chalicelib.services.lifecycle import ends
from chalicelib.services.lifecycle.progress import park_task as park
from functions.lifecycle.step_input import Event
from functions.observed import ObservedBlueprint

blueprint = ObservedBlueprint(__name__)


@blueprint.lambda_function(name="prepare_request")
def prepare_request(event: Event, _context: Any) -> Event:
    """Return the resources to build."""
    return {"resource_ids": list(ends.prepare_request(bootstrap.backend(), event["task_id"]))}


@blueprint.lambda_function(name="prepare_release")
def prepare_release(event: Event, _context: Any) -> Event:
    """Return the resource to remove."""
    return {"resource_ids": list(ends.prepare_release(bootstrap.backend(), event["task_id"]))}


@blueprint.lambda_function(name="prepare_reset")
def prepare_reset(event: Event, _context: Any) -> Event:
    """Return the resource to reboot."""
    return {"resource_ids": list(ends.prepare_reset(bootstrap.backend(), event["task_id"]))}


@blueprint.lambda_function(name="park_task")
def park_task(event: Event, _context: Any) -> Event:
    """Leave the task to the reconciler, saying why."""
    park(bootstrap.backend(), event["task_id"], ends.reason_of(event["error"]))
    return {}


@blueprint.lambda_function(name="close_task")
def close_task(event: Event, _context: Any) -> Event:
    """Close the task by what became of its resources."""
    ends.close_task(bootstrap.backend(), event["task_id"])
    return {}
