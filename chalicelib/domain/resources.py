"""A resource (a VM) and every change that it can undergo.

Each change is a pure function from one state to the next. Stores apply it in a compare-and-swap
loop, so a function may be called again on a newer state and must accept that its own effect is
already there.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.errors import WrongStatus
from chalicelib.domain.statuses import (
    LIVE_STATUSES,
    NEXT_STATUSES,
    ResourceStatus,
)

# The oldest and the newest events are kept; the middle of a very long life is dropped.
_FIRST_EVENTS_KEPT = 20
_LAST_EVENTS_KEPT = 80


class Event(Struct, frozen=True):
    """One line of a resource's history: who did what, when, and what it changed."""

    at: datetime
    actor: str
    what: str
    from_status: ResourceStatus | None
    to_status: ResourceStatus
    detail: str | None = None


class NetworkInterface(Struct, frozen=True):
    """A network interface, as asked for (no addresses yet) or as built."""

    network_id: str
    port_id: str | None = None
    addresses: tuple[str, ...] = ()


class ResourceSpec(Struct, frozen=True):
    """What the user asked for; never changes."""

    friendly_name: str
    disk_image_id: str
    flavor_id: str
    network_names: tuple[str, ...]
    public_ipv4: bool = False


class Placement(Struct, frozen=True):
    """The references that OpenStack needs, resolved once when the request is accepted."""

    disk_image_ref: str
    flavor_ref: str
    network_refs: tuple[str, ...]
    default_username: str
    has_cloud_init: bool
    vcpus: int
    ram_mib: int


class Release(Struct, frozen=True):
    """The order to remove a resource: who gave it, when, and as what it will end."""

    requested_at: datetime
    actor: str
    outcome: ResourceStatus
    reason: str | None = None


class Lease(Struct, frozen=True):
    """The right of one runner to touch the resource's cloud side; `counter` fences old holders."""

    owner: str
    until: datetime
    counter: int


class CreateIntent(Struct, frozen=True):
    """Recorded before POST /servers, so that a lost answer is looked for, not repeated."""

    attempt: int
    sent_at: datetime
    settled: bool = False


class Resource(Struct, frozen=True):
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
    events: tuple[Event, ...] = ()

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
