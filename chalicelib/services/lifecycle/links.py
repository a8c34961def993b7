"""Reserve and activate links at the agents of both sites, repeatably."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.errors import SiteRefused
from chalicelib.domain.links import Link, LinkEnd, record_enrolments, record_reservation
from chalicelib.domain.resource_building import require_wanted
from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import LinkStatus, ResourceStatus
from chalicelib.domain.tasks import StepStatus
from chalicelib.services.backend import SYSTEM, Backend
from chalicelib.services.lifecycle.enrolment import agent_of
from chalicelib.services.lifecycle.leasing import existing
from chalicelib.services.lifecycle.link_release import take_back
from chalicelib.services.lifecycle.progress import StepInput, begin, done, report
from chalicelib.services.lifecycle.touching import touching
from chalicelib.services.qkd_ports import QKDAgents, Reservation
from chalicelib.services.release_link import order_release_of

# The enrolment runs before the phone-home: by then the certificate is there, or will not come.
_ENROL_GRACE = timedelta(minutes=2)
_NOT_ENROLLED = (
    "A VM did not enrol at its QKD agent. Look for 'enrolment' in the VM's /var/log/cloud-init-"
    "output.log, check that it reaches the agent, and ask for the VMs again."
)


def reserve_links(backend: Backend, agents: QKDAgents, step: StepInput) -> None:
    """Make sure that both agents hold a reservation for each link of the resource.

    Raises:
        SiteRefused: an agent refuses one, or it has failed already.
    """
    resource = existing(backend, step.resource_id)
    require_wanted(resource)
    for link_id in resource.link_ids:
        link = backend.links.get(link_id)
        if link is None:
            raise SiteRefused(f"The link {link_id} was lost; ask for the VMs again.")
        if not link.is_wanted:
            if link.failure_reason:
                raise SiteRefused(f"{link.spec.friendly_name}: {link.failure_reason}")
            continue
        begin(backend, StepInput(step.task_id, link.id), "reserved")
        if reserve(backend, agents, link).is_wanted:
            done(backend, StepInput(step.task_id, link.id), "reserved")


def reserve(backend: Backend, agents: QKDAgents, link: Link) -> Link:
    """Give both agents the reservation as it is to be now, and return the link's new state."""
    with touching(backend, link.id) as wanted:
        if wanted is None:
            return backend.links.get(link.id) or link
        for end in wanted.ends:
            agent_of(agents, end).reserve(_reservation(wanted, end))
        until, now = wanted.expires_at, backend.clock()
        reserved = backend.links.change(
            link.id, lambda current: record_reservation(current, until, now)
        )
    if not reserved.is_live:
        # This process was asleep for so long that the release did not wait for it.
        take_back(agents, reserved)
    return reserved


def _reservation(link: Link, end: LinkEnd) -> Reservation:
    return Reservation(
        application_id=link.application_id,
        qkd_link_id=link.spec.qkd_link_id,
        own_sae_id=end.sae_id,
        far_sae_id=link.other_end(end).sae_id,
        min_bandwidth_bit_per_s=link.spec.min_bandwidth_bit_per_s,
        expires_at=link.expires_at,
    )


def activate_links(backend: Backend, agents: QKDAgents, task_id: str) -> dict[str, object]:
    """Look once whether the VMs of the task's links have enrolled: `active`, or `waiting`.

    A link whose VM does not enrol in time fails; its VMs stay.
    """
    enrolled: dict[str, frozenset[str]] = {}
    is_waiting = False
    for link in _reserved(backend, task_id):
        ups = [_up(backend, end.resource_id) for end in link.ends]
        if None in ups:
            # A VM that is parked or was removed: the task is not done, or the link is to go.
            continue
        step = StepInput(task_id, link.id)
        begin(backend, step, "active")
        for end in link.ends:
            if end.agent not in enrolled:
                enrolled[end.agent] = agent_of(agents, end).enrolled()
        if _note_enrolments(backend, link, enrolled).status is LinkStatus.RESERVED:
            if not _is_overdue(backend, ups):
                is_waiting = True
                continue
            order_release_of(backend, link, SYSTEM, LinkStatus.FAILED, _NOT_ENROLLED)
            report(backend, step, "active", StepStatus.FAILED, _NOT_ENROLLED)
        else:
            done(backend, step, "active")
    if is_waiting:
        return {"state": "waiting", "wait_seconds": backend.settings.poll_seconds}
    return {"state": "active", "wait_seconds": 0}


def _reserved(backend: Backend, task_id: str) -> list[Link]:
    """Return the task's links that are to become active; where telemetry was quicker, say so."""
    task = backend.tasks.get(task_id)
    links = [backend.links.get(link_id) for link_id in task.link_ids] if task else []
    wanted = [link for link in links if link is not None and link.is_wanted]
    for link in wanted:
        if link.status in {LinkStatus.ACTIVE, LinkStatus.DEGRADED}:
            done(backend, StepInput(task_id, link.id), "active")
    return [link for link in wanted if link.status is LinkStatus.RESERVED]


def _up(backend: Backend, resource_id: str) -> Resource | None:
    resource = backend.resources.get(resource_id)
    return resource if resource and resource.status is ResourceStatus.UP else None


def _note_enrolments(backend: Backend, link: Link, enrolled: dict[str, frozenset[str]]) -> Link:
    now = backend.clock()
    sae_ids = frozenset(end.sae_id for end in link.ends if end.sae_id in enrolled[end.agent])
    return backend.links.change(link.id, lambda current: record_enrolments(current, sae_ids, now))


def _is_overdue(backend: Backend, resources: list[Resource | None]) -> bool:
    reports = [one.phoned_home_at for one in resources if one and one.phoned_home_at]
    return not reports or max(reports) + _ENROL_GRACE < backend.clock()
