"""Begin and end a task: the first and the last step of each workflow, and what errors mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.links import Link
from chalicelib.domain.resource_life import order_release
from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import BUILDING_STATUSES, LinkStatus, ResourceStatus
from chalicelib.domain.tasks import Task, TaskAction, fail, finish, mark_running
from chalicelib.metrics import TASKS_FAILED, TASKS_FINISHED
from chalicelib.services.acceptance import derive
from chalicelib.services.backend import Backend
from chalicelib.services.lifecycle.progress import park_task

# Errors whose message was written for users; others get a sentence of our own.
_SPOKEN_ERRORS = frozenset(
    {
        "ServerFailed",
        "CloudRefused",
        "CloudUnreachable",
        "CloudOutcomeUnknown",
        "CloudCredentialsRefused",
        "Unavailable",
        "WrongStatus",
        "NotFound",
        "ReleaseRequested",
        "SiteRefused",
        "SiteUnreachable",
    }
)

_UNDER_WAY = BUILDING_STATUSES | {ResourceStatus.TERMINATING}


def reason_of(error: Mapping[str, Any]) -> str:
    """Return a workflow error's reason in words.

    `error` is what a Catch stores: `Error` is the exception's class name, `Cause` the JSON text
    that Lambda makes of the exception.
    """
    name = str(error.get("Error", ""))
    try:
        cause = json.loads(error.get("Cause", ""))
    except (TypeError, ValueError):
        cause = {}
    if name in _SPOKEN_ERRORS and isinstance(cause, dict) and cause.get("errorMessage"):
        return str(cause["errorMessage"])
    if name in {"States.Timeout", "States.HeartbeatTimeout"}:
        return "A step took too long and was stopped."
    return f"An internal error stopped the work ({name or 'unknown'}); the operators can see it."


def prepare_request(backend: Backend, task_id: str) -> tuple[str, ...]:
    """Repair the derived items of a create task; return the resources to build.

    None are returned for a task that is closed, or was refused here; none that are up or ended.
    """
    task = _begin(backend, task_id)
    if task is None:
        return ()
    task = derive(backend, task)
    if not task.is_closed:
        now = backend.clock()
        task = backend.tasks.change(
            task_id, lambda current: mark_running(current, now, backend.settings.stall)
        )
    if task.is_closed:
        return ()
    return tuple(one for one in task.resource_ids if _needs_work(backend.resources.get(one)))


def _needs_work(resource: Resource | None) -> bool:
    """Say whether a create task has still to build or to remove the resource.

    One that is up is its user's: building it again, because a sibling was parked, would take a VM
    that was shut down from inside for one that does not start, and remove it.
    """
    return resource is not None and resource.status in _UNDER_WAY and not _leaves(resource)


def _leaves(resource: Resource) -> bool:
    """Say whether its user gave the resource up: then the delete task removes it."""
    if resource.status is ResourceStatus.TERMINATED:
        return True
    return resource.release is not None and resource.release.outcome is ResourceStatus.TERMINATED


def prepare_release(backend: Backend, task_id: str) -> tuple[str, ...]:
    """Make sure that the resource has its order to go; return it."""
    task = _begin(backend, task_id)
    if task is None:
        return ()
    order = task.intent or {}
    now = backend.clock()

    def change(current: Resource) -> Resource:
        return order_release(
            current,
            at=now,
            actor=order["actor"],
            outcome=ResourceStatus(order["outcome"]),
            reason=order["reason"],
        )

    for resource_id in task.resource_ids:
        backend.resources.change(resource_id, change)
    return task.resource_ids


def prepare_reset(backend: Backend, task_id: str) -> tuple[str, ...]:
    """Return the resource to reboot; none when the task is closed."""
    task = _begin(backend, task_id)
    return task.resource_ids if task else ()


def _begin(backend: Backend, task_id: str) -> Task | None:
    task = backend.tasks.get(task_id)
    return None if task is None or task.is_closed else task


def close_task(backend: Backend, task_id: str) -> None:
    """Close the task by what became of its resources; leave it parked while some are open."""
    task = _begin(backend, task_id)
    if task is None:
        return
    resources = [backend.resources.get(resource_id) for resource_id in task.resource_ids]
    found = [resource for resource in resources if resource is not None]
    if any(not _is_settled(task.action, resource) for resource in found):
        if task.parked_since is None:
            park_task(backend, task_id, "Work on some resources is not done.")
        return
    now = backend.clock()
    links = [backend.links.get(link_id) for link_id in task.link_ids]
    reason = _failure(task.action, found, [link for link in links if link is not None])
    if reason is None:
        closed = backend.tasks.change(task_id, lambda current: finish(current, now))
    else:
        closed = backend.tasks.change(task_id, lambda current: fail(current, now, reason))
    if closed.finished_at == now:  # else another run of this step was faster, and counted it
        counted = TASKS_FINISHED if reason is None else TASKS_FAILED
        backend.metrics.record({counted: 1}, Action=task.action)


def _is_settled(action: TaskAction, resource: Resource) -> bool:
    """Say whether the task has nothing more to do for the resource."""
    if not resource.is_live:
        return True
    if action is TaskAction.DELETE:
        return False
    return resource.status is ResourceStatus.UP or _leaves(resource)


def _failure(action: TaskAction, resources: list[Resource], links: list[Link]) -> str | None:
    if action in {TaskAction.DELETE, TaskAction.DELETE_LINK}:
        return None
    reasons = []
    for resource in resources:
        if resource.status is ResourceStatus.FAILED:
            reasons.append(f"{resource.spec.friendly_name}: {resource.failure_reason}")
        elif _leaves(resource):
            reasons.append(f"{resource.spec.friendly_name}: deleted before the task was done.")
        elif action is TaskAction.RESET and (failure := _reset_failure(resource)):
            reasons.append(f"{resource.spec.friendly_name}: {failure}")
    reasons += [
        f"{link.spec.friendly_name}: {link.failure_reason}"
        for link in links
        if link.release is not None and link.release.outcome is LinkStatus.FAILED
    ]
    return " ".join(reasons) or None


def _reset_failure(resource: Resource) -> str | None:
    """Return why the latest reset failed, or None when it did not."""
    outcomes = [event for event in resource.events if event.what in {"reset", "reset failed"}]
    if not outcomes or outcomes[-1].what == "reset":
        return None
    return outcomes[-1].detail or "the reset failed"
