"""A user's QKD link between two resources, and every change that it can undergo.

As for resources, a change is a pure function that a store applies by compare-and-swap, and that
accepts that its own effect is already there.
"""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.errors import WrongStatus
from chalicelib.domain.ids import IdKind, derived_uuid, suffix_of
from chalicelib.domain.statuses import LINK_NEXT_STATUSES, LIVE_LINK_STATUSES, LinkStatus

_SAE_ID = re.compile(r"sae_[0-9a-z]{26}_([0-9a-z]{26})")
_USED = frozenset({LinkStatus.ACTIVE, LinkStatus.DEGRADED})


class LinkEnd(Struct, frozen=True):
    """One end: a resource, as which SAE it fetches keys, and from which KME.

    `agent` is the name of the site's agent.
    """

    resource_id: str
    sae_id: str
    agent: str
    kme_url: str
    enrolled_at: datetime | None = None


class LinkSpec(Struct, frozen=True):
    """What the user asked for, resolved; never changes."""

    friendly_name: str
    qkd_link_id: str
    min_bandwidth_bit_per_s: int
    key_size_bits: int


class LinkRelease(Struct, frozen=True):
    """The order to release a link, and as what it will end."""

    requested_at: datetime
    actor: str
    outcome: LinkStatus
    reason: str | None = None


class Touch(Struct, frozen=True):
    """A process that may be giving the link to the agents, until it has to be over."""

    runner: str
    until: datetime


class Link(Struct, frozen=True):
    """A link with its whole state; `version` counts the writes.

    `reserved_until` is the end that the agents know; it follows `expires_at`. `waiting_reason` says
    why a release is not done yet.
    """

    id: str
    infra_id: str
    project_id: str
    experiment_id: str
    owner_id: str | None
    task_id: str
    spec: LinkSpec
    ends: tuple[LinkEnd, ...]
    created_at: datetime
    expires_at: datetime
    status: LinkStatus = LinkStatus.REQUESTED
    version: int = 0
    reserved_at: datetime | None = None
    reserved_until: datetime | None = None
    consumed_bits: int = 0
    release: LinkRelease | None = None
    failure_reason: str | None = None
    ended_at: datetime | None = None
    touches: tuple[Touch, ...] = ()
    waiting_reason: str | None = None

    @property
    def is_live(self) -> bool:
        """Say whether the agents may still know it."""
        return self.status in LIVE_LINK_STATUSES

    @property
    def is_wanted(self) -> bool:
        """Say whether it lives and nobody has ordered its release."""
        return self.is_live and self.release is None

    @property
    def is_listed(self) -> bool:
        """Say whether lists show it: all but what has ended as asked."""
        return self.status is not LinkStatus.RELEASED

    @property
    def application_id(self) -> str:
        """The UUID under which both agents keep the reservation."""
        return str(derived_uuid("qkd-application", self.id))

    def is_touched(self, now: datetime) -> bool:
        """Say whether a process may yet give something of it to the agents."""
        return any(touch.until > now for touch in self.touches)

    def end_of(self, resource_id: str) -> LinkEnd | None:
        """Return the end that is this resource."""
        return next((end for end in self.ends if end.resource_id == resource_id), None)

    def other_end(self, end: LinkEnd) -> LinkEnd:
        """Return the end that is not this one."""
        return self.ends[0] if end.resource_id != self.ends[0].resource_id else self.ends[1]


def sae_id_of(resource_id: str, link_id: str) -> str:
    """Return the SAE ID of a resource on a link: 57 characters; certificates hold up to 64."""
    return f"sae_{suffix_of(resource_id)}_{suffix_of(link_id)}"


def link_id_of(sae_id: str, infra_id: str) -> str | None:
    """Return the link that an SAE ID of `sae_id_of` belongs to; None for one of another form."""
    match = _SAE_ID.fullmatch(sae_id)
    return f"{IdKind.LINK}_{infra_id}_{match.group(1)}" if match else None


def transition(link: Link, to: LinkStatus) -> Link:
    """Return the link in the next status.

    Raises:
        WrongStatus: LINK_NEXT_STATUSES does not allow the step.
    """
    if to not in LINK_NEXT_STATUSES[link.status]:
        raise WrongStatus(f"{link.spec.friendly_name} is {link.status} and cannot become {to}.")
    return replace(link, status=to)


def begin_touch(link: Link, touch: Touch, now: datetime) -> Link:
    """Return the link with one more process at work on it; unchanged when it is to go."""
    if not link.is_wanted:
        return link
    under_way = tuple(one for one in link.touches if one.until > now)
    return replace(link, touches=(*under_way, touch))


def end_touch(link: Link, runner: str) -> Link:
    """Return the link without the process."""
    kept = tuple(one for one in link.touches if one.runner != runner)
    return link if kept == link.touches else replace(link, touches=kept)


def record_reservation(link: Link, until: datetime, now: datetime) -> Link:
    """Return the link as reserved at both agents; unchanged when it is to go."""
    if not link.is_wanted:
        return link
    if link.status is LinkStatus.REQUESTED:
        link = transition(replace(link, reserved_at=now), LinkStatus.RESERVED)
    return link if link.reserved_until == until else replace(link, reserved_until=until)


def record_enrolments(link: Link, sae_ids: frozenset[str], now: datetime) -> Link:
    """Return the link with the SAEs that have a certificate; active once both have."""
    if not link.is_wanted:
        return link
    ends = tuple(
        replace(end, enrolled_at=now) if end.enrolled_at is None and end.sae_id in sae_ids else end
        for end in link.ends
    )
    link = link if ends == link.ends else replace(link, ends=ends)
    if link.status is LinkStatus.RESERVED and all(end.enrolled_at for end in link.ends):
        return transition(link, LinkStatus.ACTIVE)
    return link


def record_quality(link: Link, *, is_usable: bool) -> Link:
    """Return the link as degraded or active again, if it is one of both."""
    wanted = LinkStatus.ACTIVE if is_usable else LinkStatus.DEGRADED
    if link.status not in _USED or link.status is wanted or link.release is not None:
        return link
    return transition(link, wanted)


def record_consumption(link: Link, bits: int) -> Link:
    """Return the link with what its SAEs have used; agents count from zero, never backward."""
    return replace(link, consumed_bits=bits) if bits > link.consumed_bits else link


def move_end(link: Link, expires_at: datetime) -> Link:
    """Return the link with another end in time."""
    if not link.is_wanted or link.expires_at == expires_at:
        return link
    return replace(link, expires_at=expires_at)


def order_link_release(
    link: Link,
    *,
    at: datetime,
    actor: str,
    outcome: LinkStatus = LinkStatus.RELEASED,
    reason: str | None = None,
) -> Link:
    """Return the link with the order to release it. Delete outranks failure, for good."""
    if not is_order_news(link, outcome):
        return link
    if link.status is not LinkStatus.RELEASING:
        link = transition(link, LinkStatus.RELEASING)
    failure_reason = link.failure_reason or (reason if outcome is LinkStatus.FAILED else None)
    return replace(
        link, release=LinkRelease(at, actor, outcome, reason), failure_reason=failure_reason
    )


def is_order_news(link: Link, outcome: LinkStatus) -> bool:
    """Say whether an order to release the link with this outcome would change it."""
    if not link.is_live or link.release is None:
        return link.is_live
    return link.release.outcome is LinkStatus.FAILED and outcome is LinkStatus.RELEASED


def record_wait(link: Link, reason: str) -> Link:
    """Return the link with why its release is not done yet."""
    return replace(link, waiting_reason=reason) if link.status is LinkStatus.RELEASING else link


def close_link(link: Link, now: datetime) -> Link:
    """Return the link in its end status; the agents are known to have nothing of it any more."""
    if not link.is_live or link.release is None:
        return link
    ended = replace(link, ended_at=now, touches=(), waiting_reason=None)
    return transition(ended, link.release.outcome)
