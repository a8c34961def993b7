"""Release links at the agents of both sites, repeatably.

Delete wins: the order is written first, and from then on nobody gives the link to an agent any
more. Who was at it before is waited for, as in `touching`. A VM waits for none of this.
"""

from __future__ import annotations

from chalicelib.domain.errors import SiteError
from chalicelib.domain.links import (
    Link,
    close_link,
    is_order_news,
    order_link_release,
    record_wait,
)
from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import LinkStatus, ResourceStatus
from chalicelib.domain.tasks import Task
from chalicelib.services.acceptance import free_bandwidth
from chalicelib.services.backend import SYSTEM, Backend
from chalicelib.services.lifecycle.enrolment import agent_of
from chalicelib.services.lifecycle.leasing import existing
from chalicelib.services.lifecycle.progress import StepInput, begin, done
from chalicelib.services.qkd_ports import QKDAgents
from chalicelib.services.release_link import order_release_of

_BUSY = "Another process was giving the link to the agents; it is taken back once that is over."


def release_links(backend: Backend, step: StepInput) -> None:
    """Order the release of every link of a resource that is to go; asks no agent."""
    resource = existing(backend, step.resource_id)
    actor, outcome, reason = _order_of(resource)
    for link_id in resource.link_ids:
        link = backend.links.get(link_id)
        if link is not None and is_order_news(link, outcome):
            order_release_of(backend, link, actor, outcome, reason)


def _order_of(resource: Resource) -> tuple[str, LinkStatus, str | None]:
    order = resource.release
    actor = order.actor if order else SYSTEM
    if order is None or order.outcome is not ResourceStatus.FAILED:
        return actor, LinkStatus.RELEASED, None
    reason = f"{resource.spec.friendly_name} failed: {resource.failure_reason}"
    return actor, LinkStatus.FAILED, reason


def release_task_links(backend: Backend, agents: QKDAgents, task_id: str) -> dict[str, object]:
    """Take the task's links back at both agents: `released`, or `releasing` and how long to wait.

    Raises:
        SiteUnreachable, SiteRefused: an agent does not do it; the link says so too.
    """
    task = backend.tasks.get(task_id)
    is_waiting = False
    for link_id in () if task is None or task.is_closed else task.link_ids:
        step = StepInput(task_id, link_id)
        begin(backend, step, "released")
        if _release(backend, agents, _ordered(backend, task, link_id)):
            done(backend, step, "released")
        else:
            is_waiting = True
    if is_waiting:
        return {"state": "releasing", "wait_seconds": backend.settings.poll_seconds}
    return {"state": "released", "wait_seconds": 0}


def _ordered(backend: Backend, task: Task | None, link_id: str) -> Link:
    intent, now = (task.intent if task else None) or {}, backend.clock()

    def change(link: Link) -> Link:
        return order_link_release(
            link,
            at=now,
            actor=intent["actor"],
            outcome=LinkStatus(intent["outcome"]),
            reason=intent["reason"],
        )

    return backend.links.change(link_id, change)


def _release(backend: Backend, agents: QKDAgents, link: Link) -> bool:
    """Make sure that a link with an order to go is gone at both agents; say whether it is."""
    if not link.is_live:
        return True
    is_touched = link.is_touched(backend.clock())
    try:
        # At once, also while it may be given to them again: its SAEs are shut out by that.
        take_back(agents, link)
    except SiteError as error:
        reason = error.detail
        backend.links.change(link.id, lambda current: record_wait(current, reason))
        raise
    if is_touched:
        backend.links.change(link.id, lambda current: record_wait(current, _BUSY))
        return False
    free_bandwidth(backend, link)
    now = backend.clock()
    backend.links.change(link.id, lambda current: close_link(current, now))
    return True


def take_back(agents: QKDAgents, link: Link) -> None:
    """Take reservation and certificates back at both agents; a link never reserved has none.

    Raises:
        SiteUnreachable, SiteRefused: one does not do it; the other one was asked all the same.
    """
    failures: list[SiteError] = []
    for end in link.ends:
        try:
            agent = agent_of(agents, end)
            agent.release(link.application_id)
            agent.revoke(end.sae_id)
        except SiteError as error:
            failures.append(error)
    if failures:
        raise failures[0]
