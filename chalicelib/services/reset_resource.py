"""Reboot a resource."""

from __future__ import annotations

from chalicelib.domain.errors import WrongStatus
from chalicelib.domain.ids import IdKind, derived_uuid, make_id
from chalicelib.domain.permissions import Principal
from chalicelib.domain.resource_life import begin_reset
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.domain.tasks import Task, TaskAction, plan
from chalicelib.services.acceptance import start
from chalicelib.services.backend import Backend
from chalicelib.services.release_resource import changeable


def reset_resource(backend: Backend, principal: Principal, resource_id: str) -> Task:
    """Start a reboot; while one is under way, return its task.

    Raises:
        WrongStatus: the resource is not up.
    """
    resource = changeable(backend, principal, resource_id)
    if resource.status not in {ResourceStatus.UP, ResourceStatus.RESETTING}:
        raise WrongStatus(
            f"{resource.spec.friendly_name} is {resource.status}; only a resource that is up can "
            "be reset."
        )
    number = resource.resets + (resource.status is ResourceStatus.UP)
    now = backend.clock()
    task = Task(
        id=make_id(IdKind.TASK, resource.infra_id, derived_uuid("reset", resource.id, str(number))),
        action=TaskAction.RESET,
        infra_id=resource.infra_id,
        project_id=resource.project_id,
        experiment_id=resource.experiment_id,
        owner_id=resource.owner_id,
        resource_ids=(resource.id,),
        steps=plan(TaskAction.RESET, ((resource.id, resource.spec.friendly_name),)),
        created_at=now,
        updated_at=now,
        intent={"actor": principal.actor},
        executions=1,
        watch_at=now + backend.settings.stall,
    )
    if not backend.tasks.add(task):
        return backend.tasks.get(task.id) or task
    backend.resources.change(
        resource.id, lambda current: begin_reset(current, at=now, actor=principal.actor)
    )
    start(backend, task)
    return task
