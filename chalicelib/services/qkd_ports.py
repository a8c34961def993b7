"""What the use cases of QKD need from outside, as Protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from chalicelib.domain.links import Link
from chalicelib.domain.qkd import AgentState, Alarm, Occurrence, QKDLink, QKDLinkState, Sample
from chalicelib.services.ports import Page

# --- state -----------------------------------------------------------------------------------


class LinkStore(Protocol):
    """Users' links, one item each; `add`, `get` and `change` as for resources."""

    def get(self, link_id: str, /) -> Link | None:
        """Return the newest state (a consistent read)."""

    def add(self, link: Link, /) -> bool:
        """Write a new link; False when one with this id exists, which is left as it is."""

    def change(self, link_id: str, how: Callable[[Link], Link], /) -> Link:
        """Apply a pure change by compare-and-swap and return the new state."""

    def in_experiment(self, experiment_id: str, limit: int, cursor: str | None) -> Page[Link]:
        """Return links of an experiment that lists show, oldest first."""

    def live(self) -> Iterator[Link]:
        """Return every link that the agents may know."""


class QKDLinkStore(Protocol):
    """Physical QKD links with their bookings; `add`, `get` and `change` as for resources."""

    def get(self, qkd_link_id: str, /) -> QKDLink | None:
        """Return the newest state (a consistent read)."""

    def add(self, link: QKDLink, /) -> bool:
        """Write a new one; False when one with this id exists, which is left as it is."""

    def change(self, qkd_link_id: str, how: Callable[[QKDLink], QKDLink], /) -> QKDLink:
        """Apply a pure change by compare-and-swap and return the new state."""

    def of_site(self, infra_id: str) -> tuple[QKDLink, ...]:
        """Return the QKD links of an infrastructure, by identifier."""


class TelemetryStore(Protocol):
    """Time series of QKD links, and how far the agents were read."""

    def add_samples(self, qkd_link_id: str, samples: Iterable[Sample], delete_at: datetime) -> None:
        """Write samples, over those of the same moments; they may go after `delete_at`."""

    def samples(
        self, qkd_link_id: str, begin: datetime, end: datetime, limit: int
    ) -> tuple[Sample, ...]:
        """Return at most `limit` samples from `begin` on and before `end`, oldest first."""

    def agent(self, name: str) -> AgentState | None:
        """Return what was kept of an agent (a consistent read)."""

    def put_agent(self, state: AgentState) -> None:
        """Write that."""


# --- the lab ---------------------------------------------------------------------------------


class Reservation(Struct, frozen=True):
    """What one agent is told of a user's link: its own SAE, the far one, and how much until when.

    `application_id` is a UUID; the same one again replaces the reservation.
    """

    application_id: str
    qkd_link_id: str
    own_sae_id: str
    far_sae_id: str
    min_bandwidth_bit_per_s: int
    expires_at: datetime


class ObservedLink(Struct, frozen=True):
    """A physical link as one agent reports it; `peer` is the name of the far agent."""

    id: str
    peer: str
    state: QKDLinkState
    alarms: tuple[Alarm, ...]


class ObservedReservation(Struct, frozen=True):
    """A reservation as one agent holds it, with the key bits that it has used there."""

    application_id: str
    own_sae_id: str
    consumed_bits: int


class EventPage(Struct, frozen=True):
    """Alarms without duration among an agent's events, and the cursor after them."""

    occurrences: tuple[Occurrence, ...]
    cursor: int
    is_last: bool


class QKDAgent(Protocol):
    """One site's agent, as the cloud may use it: it orders and watches, and sees no key.

    Every call is bounded in time and harmless when repeated. All raise SiteUnreachable when the
    agent cannot be reached, or SiteRefused with the reason in words.
    """

    def links(self) -> tuple[ObservedLink, ...]:
        """Return the agent's physical links as they are now."""

    def alarms(self) -> tuple[Alarm, ...]:
        """Return what is wrong with the agent, its links and its neighbors now."""

    def reserve(self, reservation: Reservation) -> None:
        """Make sure that the reservation is there, in this form."""

    def release(self, application_id: str) -> None:
        """Make sure that the reservation is gone."""

    def reservations(self) -> tuple[ObservedReservation, ...]:
        """Return what is reserved here, by this backend or by others."""

    def admit(self, sae_id: str, command_id: str) -> str:
        """Return a one-time enrolment token; the same one for the same command."""

    def authority(self) -> str:
        """Return the CA (PEM) that VMs verify the agent with; asks nobody."""

    def revoke(self, sae_id: str) -> None:
        """Make sure that the SAE has no certificate, token or waiting key."""

    def enrolled(self) -> frozenset[str]:
        """Return the SAEs that have a certificate."""

    def samples(self, qkd_link_id: str, since: datetime) -> tuple[Sample, ...]:
        """Return the time series of a link from a moment on, oldest first, bounded."""

    def events(self, after: int) -> EventPage:
        """Return what has happened since, oldest first, bounded."""


QKDAgents = Mapping[str, QKDAgent]
