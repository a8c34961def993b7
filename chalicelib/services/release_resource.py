"""Remove a resource: by its user, at its expiry, or because it was lost."""

from __future__ import annotations

from chalicelib.domain.ids import IdKind, derived_uuid, make_id
from chalicelib.domain.permissions import Permission, Principal, may_change, not_found, require
from chalicelib.domain.resource_life import order_release
from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.domain.tasks import Task, TaskAction, plan
from chalicelib.services.acceptance import start
from chalicelib.services.backend import Backend
from chalicelib.services.views import get_resource


def changeable(backend: Backend, principal: Principal, resource_id: str) -> Resource:
    """Return a resource that the caller may change.

    Raises:
        Forbidden: the token only reads.
        NotFound: there is none, or it is foreign.
    """
    require(principal, Permission.RESOURCES_WRITE)
    resource = get_resource(backend, principal, resource_id)
    if not may_change(principal, experiment_id=resource.experiment_id):
        raise not_found("resource", resource_id)
    return resource


def release_resource(backend: Backend, principal: Principal, resource_id: str) -> Task:
    """Order the removal on a user's behalf; repeating it returns the same task."""
    resource = changeable(backend, principal, resource_id)
    return order(backend, resource, principal.actor, ResourceStatus.TERMINATED, None)


def order(
    backend: Backend, resource: Resource, actor: str, outcome: ResourceStatus, reason: str | None
) -> Task:
    """Record the order as a task, once per resource and outcome, and start its workflow.

    The task is written first: should this process die after it, the workflow's first step gives
    the order to the resource.
    """
    now = backend.clock()
    task = _release_task(backend, resource, outcome, reason, actor)
    if not backend.tasks.add(task):
        return backend.tasks.get(task.id) or task
    backend.resources.change(
        resource.id,
        lambda current: order_release(current, at=now, actor=actor, outcome=outcome, reason=reason),
    )
    start(backend, task)
    return task


def _release_task(
    backend: Backend, resource: Resource, outcome: ResourceStatus, reason: str | None, actor: str
) -> Task:
    now = backend.clock()
    return Task(
        id=make_id(IdKind.TASK, resource.infra_id, derived_uuid("release", resource.id, outcome)),
        action=TaskAction.DELETE,
        infra_id=resource.infra_id,
        project_id=resource.project_id,
        experiment_id=resource.experiment_id,
        owner_id=resource.owner_id,
        resource_ids=(resource.id,),
        steps=plan(TaskAction.DELETE, ((resource.id, resource.spec.friendly_name),)),
        created_at=now,
        updated_at=now,
        intent={"outcome": outcome.value, "reason": reason, "actor": actor},
        executions=1,
        watch_at=now + backend.settings.stall,
    )
