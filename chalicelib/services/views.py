"""Read resources and tasks, and nothing that is not the caller's."""

from __future__ import annotations

import time
from collections.abc import Callable

from chalicelib.domain.errors import FieldError, InvalidRequest
from chalicelib.domain.permissions import Permission, Principal, not_found, require
from chalicelib.domain.resources import Resource
from chalicelib.domain.tasks import Task
from chalicelib.services.backend import Backend
from chalicelib.services.ports import Page
from chalicelib.services.visibility import sees, visible

_POLL_SECONDS = 0.5


def get_resource(backend: Backend, principal: Principal, resource_id: str) -> Resource:
    """Return a resource.

    Raises:
        NotFound: there is none, or it is foreign.
    """
    require(principal, Permission.RESOURCES_READ)
    resource = backend.resources.get(resource_id)
    if resource is None or not sees(principal, resource):
        raise not_found("resource", resource_id)
    return resource


def list_resources(
    backend: Backend, principal: Principal, experiment_id: str, limit: int, cursor: str | None
) -> Page[Resource]:
    """Return a page of an experiment's resources; a foreign experiment looks empty."""
    require(principal, Permission.RESOURCES_READ)
    page = backend.resources.in_experiment(experiment_id, limit, cursor)
    return visible(principal, page)


def list_my_resources(
    backend: Backend, principal: Principal, limit: int, cursor: str | None
) -> Page[Resource]:
    """Return a page of the caller's resources over all experiments.

    Raises:
        InvalidRequest: the token proves no user.
    """
    require(principal, Permission.RESOURCES_READ)
    if principal.user_id is None:
        message = "needs a user token: `slices auth id-token AUDIENCE`"
        raise InvalidRequest(f"mine=true {message}.", field_errors=(FieldError("mine", message),))
    return backend.resources.of_owner(principal.user_id, limit, cursor)


def list_all_resources(backend: Backend, principal: Principal) -> tuple[Resource, ...]:
    """Return every resource of the site whose cloud side may exist, by id: in order of their age.

    Raises:
        Forbidden: the caller is no administrator.
    """
    require(principal, Permission.ALL_RESOURCES_READ)
    return tuple(sorted(backend.resources.live(), key=lambda resource: resource.id))


def get_task(backend: Backend, principal: Principal, task_id: str) -> Task:
    """Return a task.

    Raises:
        NotFound: there is none, or it is foreign.
    """
    require(principal, Permission.RESOURCES_READ)
    task = backend.tasks.get(task_id)
    if task is None or not sees(principal, task):
        raise not_found("task", task_id)
    return task


def wait_for_task(
    backend: Backend,
    principal: Principal,
    task_id: str,
    wait_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Task:
    """Return a task once something in it has changed, or when the time is up (long poll)."""
    task = first = get_task(backend, principal, task_id)
    deadline = time.monotonic() + wait_seconds
    while not task.is_closed and task.version == first.version and time.monotonic() < deadline:
        sleep(_POLL_SECONDS)
        task = get_task(backend, principal, task_id)
    return task


def list_tasks(
    backend: Backend, principal: Principal, experiment_id: str, limit: int, cursor: str | None
) -> Page[Task]:
    """Return a page of an experiment's tasks, newest first; a foreign one looks empty."""
    require(principal, Permission.RESOURCES_READ)
    page = backend.tasks.in_experiment(experiment_id, limit, cursor)
    return visible(principal, page)
