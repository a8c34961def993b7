"""Give a resource more time."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.expiry import Grant, grant_extension
from chalicelib.domain.links import move_end
from chalicelib.domain.permissions import Principal
from chalicelib.domain.resource_life import extend
from chalicelib.domain.resources import Resource
from chalicelib.services.backend import Backend
from chalicelib.services.release_resource import changeable


def extend_resource(
    backend: Backend, principal: Principal, resource_id: str, wanted: datetime | None
) -> Grant:
    """Move the end to `wanted` (None: as late as possible) and say what was granted.

    Raises:
        InvalidRequest: the wanted end is before the present one.
        WrongStatus: the resource has ended, or is about to.
    """
    changeable(backend, principal, resource_id)
    now = backend.clock()
    grants: list[Grant] = []

    def change(current: Resource) -> Resource:
        grant = grant_extension(current.expires_at, wanted, now, backend.settings.max_duration)
        grants.append(grant)
        return extend(current, grant.expires_at, at=now, actor=principal.actor)

    resource = backend.resources.change(resource_id, change)
    for link_id in resource.link_ids:
        _extend_link(backend, link_id)
    return grants[-1]


def _extend_link(backend: Backend, link_id: str) -> None:
    """Let a link last as long as both its resources; telemetry tells the agents."""
    link = backend.links.get(link_id)
    if link is None:
        return
    ends = [backend.resources.get(end.resource_id) for end in link.ends]
    last = min((end.expires_at for end in ends if end is not None), default=link.expires_at)
    backend.links.change(link_id, lambda current: move_end(current, last))
