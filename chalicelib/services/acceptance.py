"""From an accepted task to its derived items: names, quota, resources. Repeatable at any time."""

from __future__ import annotations

import logging

from chalicelib.domain.errors import AlreadyExists, BIError, FieldError, QuotaExceeded, Unavailable
from chalicelib.domain.ids import suffix_of
from chalicelib.domain.intents import resources_of
from chalicelib.domain.quota import Amount, shortage, total
from chalicelib.domain.resources import Resource
from chalicelib.domain.tasks import Refusal, Task, TaskAction, close_refused, decide, park
from chalicelib.services.backend import Backend

logger = logging.getLogger(__name__)

WORKFLOWS: dict[TaskAction, str] = {
    TaskAction.CREATE: "request",
    TaskAction.DELETE: "release",
    TaskAction.RESET: "reset",
}


def amount_of(resource: Resource) -> Amount:
    """Return what the resource takes of its project's quota."""
    return Amount(1, resource.placement.vcpus, resource.placement.ram_mib)


def derive(backend: Backend, task: Task) -> Task:
    """Make sure that names, quota and resources of an open create task are there.

    Names and quota are claimed one item at a time; then one write of the task decides for good
    whether it is accepted. A refused task gives its claims back before it closes. So a crash
    anywhere, or a second process at work on the same task, is repaired by calling this again.
    """
    if task.is_closed:
        return task
    resources = resources_of(task, task.owner_id or task.experiment_id)
    if task.refusal is None and not task.is_accepted:
        refusal = _claim_names(backend, resources) or _claim_quota(backend, resources)
        task = backend.tasks.change(task.id, lambda current: decide(current, refusal))
    if task.refusal is not None:
        for resource in resources:
            free_claims(backend, resource)
        return backend.tasks.change(
            task.id, lambda current: close_refused(current, backend.clock())
        )
    for resource in resources:
        backend.resources.add(resource)
    return task


def free_claims(backend: Backend, resource: Resource) -> None:
    """Give back what the resource holds; harmless when repeated."""
    backend.claims.free_quota(resource.project_id, resource.id)
    backend.claims.free_name(resource.experiment_id, resource.spec.friendly_name, resource.id)


def _claim_names(backend: Backend, resources: tuple[Resource, ...]) -> Refusal | None:
    for index, resource in enumerate(resources):
        name = resource.spec.friendly_name
        if not backend.claims.hold_name(resource.experiment_id, name, resource.id):
            return Refusal(
                AlreadyExists.slug, name_taken(name), f"resources[{index}].friendly_name"
            )
    return None


def _claim_quota(backend: Backend, resources: tuple[Resource, ...]) -> Refusal | None:
    amounts = {resource.id: amount_of(resource) for resource in resources}
    project_id, limit = resources[0].project_id, backend.settings.project_quota
    if backend.claims.reserve_quota(project_id, amounts, limit):
        return None
    used = backend.claims.quota_used(project_id)
    text = shortage(limit, used, total(amounts.values()))
    return Refusal(QuotaExceeded.slug, text or "The project's quota was just used up.", "resources")


def name_taken(name: str) -> str:
    """Return the sentence about a friendly_name in use."""
    return f"A resource named {name} already exists in this experiment. Choose another name."


def refusal_error(refusal: Refusal) -> BIError:
    """Return the error that a refused request is answered with, each time it is repeated."""
    kind = AlreadyExists if refusal.slug == AlreadyExists.slug else QuotaExceeded
    fields = (FieldError(refusal.field, refusal.detail),) if refusal.field else ()
    return kind(refusal.detail, field_errors=fields)


def execution_name(task: Task) -> str:
    """Return the name of the task's present execution: unique, and the same when repeated."""
    return f"{suffix_of(task.id)}-{task.executions}"


def start(backend: Backend, task: Task) -> None:
    """Start the task's workflow. When that fails the task is parked: the reconciler starts it."""
    try:
        backend.workflows.start(WORKFLOWS[task.action], execution_name(task), {"task_id": task.id})
    except Unavailable as error:
        logger.warning("task %s not started: %s", task.id, error.detail)
        reason, now = error.detail, backend.clock()
        backend.tasks.change(
            task.id, lambda current: park(current, now, reason, backend.settings.park)
        )
