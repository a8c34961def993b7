"""The site's QKD links as their agents report them, and how much of a link is still to be had.

No type here, or anywhere in this half, can hold a key: only counts, rates, identifiers and alarms.
Sizes are in bits and rates in bit/s; QBER is the fraction 0 to 0.5.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

QBER_MINOR = 0.05
QBER_MAJOR = 0.06
CLOCK_SECONDS = 5.0


class Severity(StrEnum):
    """How bad an alarm is, in the words of ETSI GS QKD 015."""

    MINOR = "minor"
    MAJOR = "major"


class AlarmKind(StrEnum):
    """What alarms are about; agents may report others too."""

    QBER_HIGH = "qber_high"
    SKR_ZERO = "skr_zero"
    STOCK_LOW = "stock_low"
    LINK_DOWN = "link_down"
    KME_UNREACHABLE = "kme_unreachable"
    KME_DOWN = "kme_down"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    CLOCK_SKEW = "clock_skew"
    REPLAY_SEEN = "replay_seen"
    TUNNEL_DOWN = "tunnel_down"


class Alarm(Struct, frozen=True):
    """Something that is wrong now. `subject` is a link, an agent or a certificate."""

    kind: str
    subject: str
    severity: Severity
    message: str


class Provenance(StrEnum):
    """Where numbers and keys come from. Emulated keys are never called quantum."""

    EMULATED = "emulated"
    DEVICE = "device"


class QKDLinkStatus(StrEnum):
    """LINK identities of ETSI GS QKD 015: makes keys, only has stock left, waits, is off."""

    ACTIVE = "active"
    PASSIVE = "passive"
    PENDING = "pending"
    OFF = "off"


class QKDLinkState(Struct, frozen=True):
    """A physical link as an agent saw it. None where the device does not tell.

    `skr_bit_per_s` is the secret key rate after post-processing, `eskr_bit_per_s` what the link
    itself leaves of it; `expected_skr_bit_per_s` is what it gives in the long run.
    """

    status: QKDLinkStatus
    provenance: Provenance
    length_km: float | None
    qber: float | None
    skr_bit_per_s: float | None
    eskr_bit_per_s: float | None
    expected_skr_bit_per_s: float | None
    stored_key_count: int
    max_key_count: int
    key_size_bits: int


class Booking(Struct, frozen=True):
    """What one user's link may take of a QKD link."""

    link_id: str
    bit_per_s: int


class QKDLink(Struct, frozen=True):
    """A physical QKD link between two sites, with what is booked on it.

    `ends` are the names of the sites' agents. `version` counts the writes; `sampled_until` is how
    far its time series was read.
    """

    id: str
    infra_id: str
    ends: tuple[str, str]
    state: QKDLinkState
    updated_at: datetime
    version: int = 0
    alarms: tuple[Alarm, ...] = ()
    bookings: tuple[Booking, ...] = ()
    sampled_until: datetime | None = None

    @property
    def is_usable(self) -> bool:
        """Say whether users' links on it work as they should: no major alarm."""
        return all(alarm.severity is not Severity.MAJOR for alarm in self.alarms)

    @property
    def booked_bit_per_s(self) -> int:
        """The sum of what is booked."""
        return sum(booking.bit_per_s for booking in self.bookings)

    @property
    def offered_bit_per_s(self) -> int:
        """What may be booked in all: the expected secret key rate, after internal consumption."""
        known = [
            rate
            for rate in (self.state.eskr_bit_per_s, self.state.expected_skr_bit_per_s)
            if rate is not None
        ]
        return int(min(known)) if known else 0

    @property
    def free_bit_per_s(self) -> int:
        """What is left to be booked."""
        return max(0, self.offered_bit_per_s - self.booked_bit_per_s)


def bandwidth_shortage(link: QKDLink, wanted_bit_per_s: int) -> str | None:
    """Return why the link cannot give that much, and what would fit; None when it can."""
    if wanted_bit_per_s <= link.free_bit_per_s:
        return None
    return (
        f"QKD link {link.id} is expected to make {link.offered_bit_per_s} bit/s of secret key, and "
        f"{link.booked_bit_per_s} bit/s of it are booked: at most {link.free_bit_per_s} bit/s "
        f"would fit, not {wanted_bit_per_s}."
    )


def book(link: QKDLink, link_id: str, bit_per_s: int) -> QKDLink:
    """Return the QKD link with a booking, if it fits; unchanged when it does not, or is there."""
    if is_booked(link, link_id) or bandwidth_shortage(link, bit_per_s) is not None:
        return link
    return replace(link, bookings=(*link.bookings, Booking(link_id, bit_per_s)))


def is_booked(link: QKDLink, link_id: str) -> bool:
    """Say whether the user's link has its booking."""
    return any(booking.link_id == link_id for booking in link.bookings)


def free(link: QKDLink, link_id: str) -> QKDLink:
    """Return the QKD link without the booking."""
    kept = tuple(booking for booking in link.bookings if booking.link_id != link_id)
    return link if len(kept) == len(link.bookings) else replace(link, bookings=kept)


class Sample(Struct, frozen=True):
    """One point of a link's time series; units as in QKDLinkState, stock and consumption in bits.

    `faults` are the emulator's labelled ground truth.
    """

    at: datetime
    qber: float | None
    skr_bit_per_s: float | None
    eskr_bit_per_s: float | None
    stock_bits: int
    consumed_bits: int
    provenance: Provenance
    faults: tuple[str, ...] = ()


class Occurrence(Struct, frozen=True):
    """An alarm without duration, such as a replay that was seen; shown until it is old."""

    at: datetime
    alarm: Alarm


class AgentState(Struct, frozen=True):
    """How far the events of a site's agent were read, and what it said last."""

    name: str
    checked_at: datetime
    unreachable_since: datetime | None = None
    events_cursor: int = 0
    occurrences: tuple[Occurrence, ...] = ()


def qber_alarm(link_id: str, state: QKDLinkState) -> Alarm | None:
    """Return the alarm of a QBER over its threshold."""
    if state.qber is None or state.qber < QBER_MINOR:
        return None
    severity = Severity.MAJOR if state.qber >= QBER_MAJOR else Severity.MINOR
    return Alarm(AlarmKind.QBER_HIGH, link_id, severity, f"the QBER is {state.qber:.2%}")


def rate_alarm(link_id: str, state: QKDLinkState) -> Alarm | None:
    """Return the alarm of a link that makes no key."""
    if state.skr_bit_per_s is None or state.skr_bit_per_s > 0:
        return None
    return Alarm(AlarmKind.SKR_ZERO, link_id, Severity.MAJOR, "the link makes no secret key")


def clock_alarm(agent: str, ahead_seconds: float, uncertainty_seconds: float) -> Alarm | None:
    """Return the alarm of an agent whose clock differs from ours by more than the measurement."""
    if abs(ahead_seconds) - uncertainty_seconds <= CLOCK_SECONDS:
        return None
    side = "ahead of" if ahead_seconds > 0 else "behind"
    text = f"the clock of {agent} is {abs(ahead_seconds):.0f} s {side} ours"
    return Alarm(AlarmKind.CLOCK_SKEW, agent, Severity.MINOR, text)
