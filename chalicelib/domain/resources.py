"""A resource (a VM) and every change that it can undergo.

Each change is a pure function from one state to the next. Stores apply it in a compare-and-swap
loop, so a function may be called again on a newer state and must accept that its own effect is
already there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.domain.errors import LeaseHeld, ReleaseRequested, WrongStatus
from chalicelib.domain.statuses import (
    BUILDING_STATUSES,
    LIVE_STATUSES,
    NEXT_STATUSES,
    ResourceStatus,
)

# The oldest and the newest events are kept; the middle of a very long life is dropped.
_FIRST_EVENTS_KEPT = 20
_LAST_EVENTS_KEPT = 80


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a resource's history: who did what, when, and what it changed."""

    at: datetime
    actor: str
    what: str
    from_status: ResourceStatus | None
    to_status: ResourceStatus
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class NetworkInterface:
    """A network interface, as asked for (no addresses yet) or as built."""

    network_id: str
    port_id: str | None = None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceSpec:
    """What the user asked for; never changes."""

    friendly_name: str
    disk_image_id: str
    flavor_id: str
    network_names: tuple[str, ...]
    public_ipv4: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """The references that OpenStack needs, resolved once when the request is accepted."""

    disk_image_ref: str
    flavor_ref: str
    network_refs: tuple[str, ...]
    default_username: str
    has_cloud_init: bool
    vcpus: int
    ram_mib: int


@dataclass(frozen=True, slots=True)
class Release:
    """The order to remove a resource: who gave it, when, and as what it will end."""

    requested_at: datetime
    actor: str
    outcome: ResourceStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one runner to touch the resource's cloud side; `counter` fences old holders."""

    owner: str
    until: datetime
    counter: int


@dataclass(frozen=True, slots=True)
class CreateIntent:
    """Recorded before POST /servers, so that a lost answer is looked for, not repeated."""

    attempt: int
    sent_at: datetime
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource with its whole state; `version` counts the writes."""

    id: str
    infra_id: str
    project_id: str
    experiment_id: str
    owner_id: str | None
    task_id: str
    spec: ResourceSpec
    placement: Placement
    created_at: datetime
    expires_at: datetime
    status: ResourceStatus = ResourceStatus.REQUESTED
    version: int = 0
    link_ids: tuple[str, ...] = ()
    server_id: str | None = None
    private_ipv4: str | None = None
    private_ipv6: str | None = None
    public_ipv4: str | None = None
    public_ipv6: str | None = None
    network_interfaces: tuple[NetworkInterface, ...] = ()
    ssh_host_key_fingerprints: tuple[str, ...] = ()
    lease: Lease | None = None
    lease_counter: int = 0
    create_intent: CreateIntent | None = None
    phone_home_hashes: tuple[str, ...] = ()
    phoned_home_at: datetime | None = None
    resets: int = 0
    release: Release | None = None
    failure_reason: str | None = None
    terminated_at: datetime | None = None
    events: tuple[Event, ...] = field(default=())

    @property
    def is_live(self) -> bool:
        """Say whether the cloud may still hold something of it."""
        return self.status in LIVE_STATUSES

    @property
    def is_listed(self) -> bool:
        """Say whether lists show it: all but what has ended as asked."""
        return self.status is not ResourceStatus.TERMINATED


def transition(
    resource: Resource,
    to: ResourceStatus,
    *,
    at: datetime,
    actor: str,
    what: str,
    detail: str | None = None,
) -> Resource:
    """Return the resource in the next status, with the event in its history.

    Raises:
        WrongStatus: NEXT_STATUSES does not allow the step.
    """
    if to not in NEXT_STATUSES[resource.status]:
        raise WrongStatus(
            f"{resource.spec.friendly_name} is {resource.status} and cannot become {to}."
        )
    return _note(replace(resource, status=to), resource.status, at, actor, what, detail)


def note(
    resource: Resource, *, at: datetime, actor: str, what: str, detail: str | None = None
) -> Resource:
    """Return the resource with an event that changes no status."""
    return _note(resource, resource.status, at, actor, what, detail)


def _note(
    resource: Resource,
    from_status: ResourceStatus | None,
    at: datetime,
    actor: str,
    what: str,
    detail: str | None,
) -> Resource:
    event = Event(at, actor, what, from_status, resource.status, detail)
    events = (*resource.events, event)
    if len(events) > _FIRST_EVENTS_KEPT + _LAST_EVENTS_KEPT:
        events = events[:_FIRST_EVENTS_KEPT] + events[-_LAST_EVENTS_KEPT:]
    return replace(resource, events=events)


def accepted(resource: Resource, actor: str) -> Resource:
    """Return a new resource with the first line of its history."""
    return _note(resource, None, resource.created_at, actor, "requested", None)


# --- one runner at a time --------------------------------------------------------------------


def take_lease(resource: Resource, owner: str, now: datetime, duration: timedelta) -> Resource:
    """Return the resource leased to `owner`, with the next counter.

    Raises:
        LeaseHeld: another runner's lease has not ended.
    """
    lease = resource.lease
    if lease is not None and lease.owner != owner and lease.until > now:
        raise LeaseHeld(f"{resource.id} is being worked on until {lease.until.isoformat()}")
    counter = resource.lease_counter + 1
    return replace(resource, lease=Lease(owner, now + duration, counter), lease_counter=counter)


def drop_lease(resource: Resource, owner: str) -> Resource:
    """Return the resource without this owner's lease; another's is left alone."""
    if resource.lease is None or resource.lease.owner != owner:
        return resource
    return replace(resource, lease=None)


def require_lease(resource: Resource, owner: str, now: datetime) -> None:
    """Make sure that the owner still holds the lease.

    Raises:
        LeaseHeld: it ended, or another runner took over.
    """
    lease = resource.lease
    if lease is None or lease.owner != owner or lease.until <= now:
        raise LeaseHeld(f"{resource.id}: this runner's lease has ended")


def require_wanted(resource: Resource) -> None:
    """Make sure that nobody has ordered the removal.

    Raises:
        ReleaseRequested: the resource is to go, or is gone.
    """
    if resource.release is not None or not resource.is_live:
        raise ReleaseRequested(f"{resource.id} is to be removed")


# --- building --------------------------------------------------------------------------------


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


# --- the later life --------------------------------------------------------------------------


def begin_reset(resource: Resource, *, at: datetime, actor: str) -> Resource:
    """Return the resource as resetting.

    Raises:
        WrongStatus: it is not up.
    """
    if resource.status is ResourceStatus.RESETTING:
        return resource
    counted = replace(resource, resets=resource.resets + 1)
    return transition(counted, ResourceStatus.RESETTING, at=at, actor=actor, what="reset")


def end_reset(resource: Resource, *, at: datetime, actor: str) -> Resource:
    """Return the resource as up again."""
    if resource.status is not ResourceStatus.RESETTING:
        return resource
    return transition(resource, ResourceStatus.UP, at=at, actor=actor, what="up again")


def extend(resource: Resource, expires_at: datetime, *, at: datetime, actor: str) -> Resource:
    """Return the resource with a later end.

    Raises:
        WrongStatus: it has ended, or is about to.
    """
    if not resource.is_live or resource.release is not None:
        raise WrongStatus(f"{resource.spec.friendly_name} is {resource.status}: nothing to extend.")
    if resource.expires_at == expires_at:
        return resource
    detail = f"{resource.expires_at.isoformat()} -> {expires_at.isoformat()}"
    resource = replace(resource, expires_at=expires_at)
    return note(resource, at=at, actor=actor, what="extended", detail=detail)


def order_release(
    resource: Resource,
    *,
    at: datetime,
    actor: str,
    outcome: ResourceStatus = ResourceStatus.TERMINATED,
    reason: str | None = None,
) -> Resource:
    """Return the resource with the order to remove it. Delete outranks failure, for good.

    A failed build keeps its first reason; a user's delete turns the end into `terminated`.
    """
    if resource.status is ResourceStatus.TERMINATED:
        return resource
    order = resource.release
    is_upgrade = (
        order is not None
        and order.outcome is ResourceStatus.FAILED
        and (outcome is ResourceStatus.TERMINATED)
    )
    if order is not None and not is_upgrade:
        return resource
    if resource.status is ResourceStatus.FAILED and outcome is ResourceStatus.FAILED:
        return resource
    failure_reason = resource.failure_reason or (
        reason if outcome is ResourceStatus.FAILED else None
    )
    resource = replace(
        resource,
        release=Release(at, actor, outcome, reason),
        failure_reason=failure_reason,
        phone_home_hashes=(),
    )
    if resource.status is ResourceStatus.TERMINATING:
        return note(resource, at=at, actor=actor, what="release ordered", detail=reason)
    return transition(
        resource,
        ResourceStatus.TERMINATING,
        at=at,
        actor=actor,
        what="release ordered",
        detail=reason,
    )


def close(resource: Resource, *, at: datetime, actor: str) -> Resource:
    """Return the resource in its end status; all of its cloud side is known to be gone."""
    if not resource.is_live:
        return resource
    outcome = resource.release.outcome if resource.release else ResourceStatus.TERMINATED
    resource = replace(resource, terminated_at=at, lease=None, create_intent=None)
    return transition(resource, outcome, at=at, actor=actor, what=outcome.value)


def is_building(resource: Resource) -> bool:
    """Say whether the request's workflow still works on it."""
    return resource.status in BUILDING_STATUSES
