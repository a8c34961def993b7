"""From an accepted task to its derived items: names, quota, resources. Repeatable at any time."""

from __future__ import annotations

import logging

from chalicelib.domain.errors import (
    AlreadyExists,
    BandwidthExceeded,
    BIError,
    FieldError,
    NotFound,
    QuotaExceeded,
    Unavailable,
)
from chalicelib.domain.ids import suffix_of
from chalicelib.domain.intents import links_of, resources_of
from chalicelib.domain.links import Link
from chalicelib.domain.qkd import QKDLink, bandwidth_shortage, book, free, is_booked
from chalicelib.domain.quota import Amount, shortage, total
from chalicelib.domain.resources import Resource
from chalicelib.domain.tasks import Refusal, Task, TaskAction, close_refused, decide
from chalicelib.logs.events import log
from chalicelib.metrics import TASKS_ACCEPTED
from chalicelib.services.backend import Backend
from chalicelib.services.lifecycle.progress import park_task

logger = logging.getLogger(__name__)

WORKFLOWS: dict[TaskAction, str] = {
    TaskAction.CREATE: "request",
    TaskAction.DELETE: "release",
    TaskAction.RESET: "reset",
    TaskAction.DELETE_LINK: "release_link",
}


def amount_of(resource: Resource) -> Amount:
    """Return what the resource takes of its project's quota."""
    return Amount(1, resource.placement.vcpus, resource.placement.ram_mib)


def derive(backend: Backend, task: Task) -> Task:
    """Make sure that the claims, resources and links of an open create task are there.

    Names, quota and bandwidth are claimed one item at a time; then one write of the task decides
    for good whether it is accepted. A refused task gives its claims back before it closes. So a
    crash anywhere, or a second process at work on the same task, is repaired by calling this
    again.
    """
    if task.is_closed:
        return task
    resources = resources_of(task, task.owner_id or task.experiment_id)
    links = links_of(task)
    if task.refusal is None and not task.is_accepted:
        refusal = (
            _claim_names(backend, resources)
            or _claim_quota(backend, resources)
            or _claim_bandwidth(backend, links)
        )
        task = backend.tasks.change(task.id, lambda current: decide(current, refusal))
    if task.refusal is not None:
        for resource in resources:
            free_claims(backend, resource)
        for link in links:
            free_bandwidth(backend, link)
        return backend.tasks.change(
            task.id, lambda current: close_refused(current, backend.clock())
        )
    # Links first: a resource names its links, and its steps look for them.
    for link in links:
        backend.links.add(link)
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


def _claim_bandwidth(backend: Backend, links: tuple[Link, ...]) -> Refusal | None:
    for index, link in enumerate(links):
        wanted, field = link.spec.min_bandwidth_bit_per_s, f"links[{index}]"
        try:
            booked = _book(backend, link)
        except NotFound as error:
            return Refusal(BandwidthExceeded.slug, error.detail, f"{field}.qkd_link_id")
        if not is_booked(booked, link.id):
            text = bandwidth_shortage(booked, wanted) or "The link was just booked by others."
            return Refusal(BandwidthExceeded.slug, text, f"{field}.min_bandwidth_bit_per_s")
    return None


def _book(backend: Backend, link: Link) -> QKDLink:
    bit_per_s = link.spec.min_bandwidth_bit_per_s
    return backend.qkd_links.change(
        link.spec.qkd_link_id, lambda current: book(current, link.id, bit_per_s)
    )


def free_bandwidth(backend: Backend, link: Link) -> None:
    """Give back what the link has booked; harmless when repeated."""
    if backend.qkd_links.get(link.spec.qkd_link_id) is not None:
        backend.qkd_links.change(link.spec.qkd_link_id, lambda current: free(current, link.id))


def name_taken(name: str) -> str:
    """Return the sentence about a friendly_name in use."""
    return f"A resource named {name} already exists in this experiment. Choose another name."


_REFUSALS: dict[str, type[BIError]] = {
    kind.slug: kind for kind in (AlreadyExists, QuotaExceeded, BandwidthExceeded)
}


def refusal_error(refusal: Refusal) -> BIError:
    """Return the error that a refused request is answered with, each time it is repeated."""
    kind = _REFUSALS.get(refusal.slug, QuotaExceeded)
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
        log(logger, logging.WARNING, "task not started", task_id=task.id, reason=error.detail)
        park_task(backend, task.id, error.detail)
    if task.executions == 1:
        backend.metrics.record({TASKS_ACCEPTED: 1}, Action=task.action)
