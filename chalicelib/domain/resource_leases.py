"""One runner at a time: the lease that a step holds on a resource."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from chalicelib.domain.errors import LeaseHeld
from chalicelib.domain.resources import Lease, Resource


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
