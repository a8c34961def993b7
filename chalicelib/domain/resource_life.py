"""How a resource changes once it is up: reset, extension, and its end."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from chalicelib.domain.errors import WrongStatus
from chalicelib.domain.resources import Release, Resource, note, transition
from chalicelib.domain.statuses import ResourceStatus


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
