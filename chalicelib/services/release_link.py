"""Order the release of a link, as a task of its own: no VM waits for the lab's tunnel."""

from __future__ import annotations

from chalicelib.domain.ids import IdKind, derived_uuid, make_id
from chalicelib.domain.links import Link, order_link_release
from chalicelib.domain.permissions import Permission, Principal, may_change, not_found, require
from chalicelib.domain.statuses import LinkStatus
from chalicelib.domain.tasks import Task, TaskAction, plan
from chalicelib.services.acceptance import start
from chalicelib.services.backend import Backend
from chalicelib.services.view_links import get_link


def release_link(backend: Backend, principal: Principal, link_id: str) -> Task:
    """Order the release on a user's behalf, its VMs stay; repeating it returns the same task.

    Raises:
        NotFound: there is no such link, or it is foreign.
    """
    require(principal, Permission.RESOURCES_WRITE)
    link = get_link(backend, principal, link_id)
    if not may_change(principal, experiment_id=link.experiment_id):
        raise not_found("link", link_id)
    return order_release_of(backend, link, principal.actor)


def order_release_of(
    backend: Backend,
    link: Link,
    actor: str,
    outcome: LinkStatus = LinkStatus.RELEASED,
    reason: str | None = None,
) -> Task:
    """Record the order as a task, once per link and outcome, and start its workflow.

    The task is written first: should this process die after it, the workflow gives the order.
    """
    now = backend.clock()
    task = _release_task(backend, link, actor, outcome, reason)
    if not backend.tasks.add(task):
        return backend.tasks.get(task.id) or task
    backend.links.change(
        link.id,
        lambda current: order_link_release(
            current, at=now, actor=actor, outcome=outcome, reason=reason
        ),
    )
    start(backend, task)
    return task


def _release_task(
    backend: Backend, link: Link, actor: str, outcome: LinkStatus, reason: str | None
) -> Task:
    now = backend.clock()
    return Task(
        id=make_id(IdKind.TASK, link.infra_id, derived_uuid("release-link", link.id, outcome)),
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
        intent={"outcome": outcome.value, "reason": reason, "actor": actor},
        executions=1,
        watch_at=now + backend.settings.stall,
    )
