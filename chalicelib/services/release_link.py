"""Release a link on its user's behalf; its VMs stay."""

from __future__ import annotations

from chalicelib.domain.ids import IdKind, derived_uuid, make_id
from chalicelib.domain.links import order_link_release
from chalicelib.domain.permissions import Permission, Principal, may_change, not_found, require
from chalicelib.domain.tasks import Task, TaskAction, plan
from chalicelib.services.acceptance import start
from chalicelib.services.backend import Backend
from chalicelib.services.view_links import get_link


def release_link(backend: Backend, principal: Principal, link_id: str) -> Task:
    """Order the release as a task and start its workflow; repeating it returns the same task.

    Raises:
        NotFound: there is no such link, or it is foreign.
    """
    require(principal, Permission.RESOURCES_WRITE)
    link = get_link(backend, principal, link_id)
    if not may_change(principal, experiment_id=link.experiment_id):
        raise not_found("link", link_id)
    now = backend.clock()
    task = Task(
        id=make_id(IdKind.TASK, link.infra_id, derived_uuid("release-link", link.id)),
        action=TaskAction.DELETE_LINK,
        infra_id=link.infra_id,
        project_id=link.project_id,
        experiment_id=link.experiment_id,
        owner_id=link.owner_id,
        resource_ids=(),
        link_ids=(link.id,),
        steps=plan(TaskAction.DELETE_LINK, (), ((link.id, link.spec.friendly_name),)),
        created_at=now,
        updated_at=now,
        intent={"actor": principal.actor},
        executions=1,
        watch_at=now + backend.settings.stall,
    )
    if not backend.tasks.add(task):
        return backend.tasks.get(task.id) or task
    # The task is written first: should this process die now, the workflow gives the order.
    backend.links.change(
        link.id, lambda current: order_link_release(current, at=now, actor=principal.actor)
    )
    start(backend, task)
    return task
