"""From an accepted task to its derived items: names, quota, resources. Repeatable at any time."""

from __future__ import annotations

import logging

from chalicelib.domain.errors import AlreadyExists, BIError, FieldError, QuotaExceeded, Unavailable
from chalicelib.domain.ids import suffix_of
from chalicelib.domain.intents import resources_of
from chalicelib.domain.quota import Amount, shortage, total
from chalicelib.domain.resources import Resource
from chalicelib.domain.tasks import Refusal, Task, TaskAction, park, refuse
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

    A request that lost a race for a name or for quota is refused: what it held is freed and the
    returned task carries the refusal. Names and quota are claimed one item at a time, so a crash
    in between is repaired by calling this again.
    """
    if task.is_closed:
        return task
    resources = resources_of(task, task.owner_id or task.experiment_id)
    # Resources are written after all claims. Once the first is there, nothing is claimed again:
    # what a sibling gave back when it was deleted may be another's by now.
    has_begun = backend.resources.get(resources[0].id) is not None
    refusal = None if has_begun else _claim(backend, resources)
    if refusal is None:
        for resource in resources:
            backend.resources.add(resource)
        return task
    for resource in resources:
        free_claims(backend, resource)
    return backend.tasks.change(task.id, lambda current: refuse(current, backend.clock(), refusal))


def free_claims(backend: Backend, resource: Resource) -> None:
    """Give back what the resource holds; harmless when repeated."""
    backend.claims.free_quota(resource.project_id, resource.id)
    backend.claims.free_name(resource.experiment_id, resource.spec.friendly_name, resource.id)


def _claim(backend: Backend, resources: tuple[Resource, ...]) -> Refusal | None:
    return _claim_names(backend, resources) or _claim_quota(backend, resources)


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
