"""How a resource changes while its VM is built: intent, server, statuses, phone-home."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from chalicelib.domain.errors import ReleaseRequested, WrongStatus
from chalicelib.domain.resource_leases import require_lease
from chalicelib.domain.resources import CreateIntent, Resource, note, transition
from chalicelib.domain.statuses import NEXT_STATUSES, ResourceStatus


def require_wanted(resource: Resource) -> None:
    """Make sure that nobody has ordered the removal.

    Raises:
        ReleaseRequested: the resource is to go, or is gone.
    """
    if resource.release is not None or not resource.is_live:
        raise ReleaseRequested(f"{resource.id} is to be removed")


def record_create_intent(
    resource: Resource, owner: str, now: datetime, phone_home_hash: str, margin: timedelta
) -> Resource:
    """Return the resource with the intent to create its server, fenced by lease and release.

    The lease must outlast the call that follows: `margin` of it has to be left.
    """
    require_wanted(resource)
    require_lease(resource, owner, now + margin)
    attempt = resource.create_intent.attempt + 1 if resource.create_intent else 1
    return replace(
        resource,
        create_intent=CreateIntent(attempt, now),
        phone_home_hashes=(*resource.phone_home_hashes, phone_home_hash),
    )


def settle_create_intent(resource: Resource) -> Resource:
    """Return the resource with its intent marked as answered: refused, nothing was created."""
    if resource.create_intent is None:
        return resource
    return replace(resource, create_intent=replace(resource.create_intent, settled=True))


def record_server(resource: Resource, server_id: str, *, at: datetime, actor: str) -> Resource:
    """Return the resource with the server that was created or found."""
    resource = settle_create_intent(resource)
    if resource.server_id == server_id:
        return resource
    resource = replace(resource, server_id=server_id)
    return note(resource, at=at, actor=actor, what="server created", detail=server_id)


_BUILD_ORDER = (
    ResourceStatus.REQUESTED,
    ResourceStatus.IMAGING,
    ResourceStatus.BOOTING,
    ResourceStatus.INITIALIZING,
    ResourceStatus.UP,
)


def advance(resource: Resource, to: ResourceStatus, *, at: datetime, actor: str) -> Resource:
    """Return the resource brought forward to a building status; never backward.

    Raises:
        ReleaseRequested: somebody ordered the removal meanwhile.
    """
    require_wanted(resource)
    if resource.status not in _BUILD_ORDER:
        return resource
    if _BUILD_ORDER.index(resource.status) >= _BUILD_ORDER.index(to):
        return resource
    while resource.status is not to:
        step = to if to in NEXT_STATUSES[resource.status] else _next_built(resource.status)
        resource = transition(resource, step, at=at, actor=actor, what=step.value)
    return resource


def _next_built(status: ResourceStatus) -> ResourceStatus:
    return _BUILD_ORDER[_BUILD_ORDER.index(status) + 1]


def record_phone_home(
    resource: Resource, token_hash: str, fingerprints: tuple[str, ...], now: datetime
) -> Resource:
    """Return the resource with the proof that cloud-init is done; the token is used up.

    Raises:
        WrongStatus: no open token of this resource has that hash.
    """
    if token_hash not in resource.phone_home_hashes or resource.release is not None:
        raise WrongStatus("This phone-home token is not valid, or was used before.")
    resource = replace(
        resource,
        phone_home_hashes=(),
        phoned_home_at=now,
        ssh_host_key_fingerprints=fingerprints,
    )
    return note(resource, at=now, actor="vm", what="phoned home")
