"""What a VM is told so that it can enrol as an SAE: fetched when its server is about to be made."""

from __future__ import annotations

from types import MappingProxyType

from chalicelib.domain.enrolment import Enrolment
from chalicelib.domain.errors import SiteRefused
from chalicelib.domain.ids import derived_uuid
from chalicelib.domain.links import Link, LinkEnd
from chalicelib.domain.resources import Resource
from chalicelib.services.backend import Backend
from chalicelib.services.lifecycle.touching import touching
from chalicelib.services.qkd_ports import QKDAgent, QKDAgents

NO_AGENTS: QKDAgents = MappingProxyType({})


def agent_of(agents: QKDAgents, end: LinkEnd) -> QKDAgent:
    """Return the agent of an end's site.

    Raises:
        SiteRefused: the site is not configured any more.
    """
    if end.agent not in agents:
        raise SiteRefused(f"The QKD agent {end.agent} is not configured here any more.")
    return agents[end.agent]


def enrolments_of(backend: Backend, agents: QKDAgents, resource: Resource) -> tuple[Enrolment, ...]:
    """Return a fresh one-time enrolment for each link of the resource that is still wanted.

    Raises:
        SiteUnreachable, SiteRefused: an agent gives no token.
    """
    found = []
    for link_id in resource.link_ids:
        link = backend.links.get(link_id)
        end = link.end_of(resource.id) if link else None
        if link is None or end is None:
            continue
        enrolment = _admit(backend, agent_of(agents, end), resource, link, end)
        found += [enrolment] if enrolment else []
    return tuple(found)


def _admit(
    backend: Backend, agent: QKDAgent, resource: Resource, link: Link, end: LinkEnd
) -> Enrolment | None:
    # One command per run of this step: its token is as young as can be.
    run = derived_uuid("enrol", end.sae_id, str(resource.lease_counter))
    with touching(backend, link.id) as wanted:
        if wanted is None:
            return None
        token = agent.admit(end.sae_id, str(run))
    now = backend.links.get(link.id)
    if now is None or not now.is_live:
        # This process was asleep for so long that the release did not wait for it.
        agent.revoke(end.sae_id)
    if now is None or not now.is_wanted:
        return None
    return _enrolment(backend, link, end, agent, token)


def _enrolment(
    backend: Backend, link: Link, end: LinkEnd, agent: QKDAgent, token: str
) -> Enrolment:
    site = next(one for one in backend.settings.qkd_sites if one.name == end.agent)
    return Enrolment(
        friendly_name=link.spec.friendly_name,
        link_id=link.id,
        sae_id=end.sae_id,
        peer_sae_id=link.other_end(end).sae_id,
        kme_url=end.kme_url,
        enrolment_url=site.enrolment_url,
        authority=agent.authority(),
        token=token,
        key_size_bits=link.spec.key_size_bits,
    )
