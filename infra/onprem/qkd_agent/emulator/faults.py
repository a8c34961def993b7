"""Faults on demand. Their kind and strength are the labeled ground truth of what follows."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from infra.onprem.qkd_agent.emulator.decoy import Channel

INTERCEPT_RESEND_ERROR = 0.25
"""Errors that measuring and resending every pulse adds."""


class FaultKind(StrEnum):
    """What can be broken."""

    EVE = "eve"
    CUT = "cut"
    LOSS = "loss"
    NOISE = "noise"
    KME_DOWN = "kme_down"
    CLOCK = "clock"


@dataclass(frozen=True)
class Fault:
    """One fault of a link, or of the whole KME, over a time.

    Attributes:
        fault_id: Chosen by whoever made it.
        link_id: The link, None for a fault of the KME.
        kind: What is broken.
        value: Share of pulses (eve), dB (loss), factor (noise), seconds (clock); else unused.
        from_at: Start, seconds since 1970.
        until_at: End, exclusive.
    """

    fault_id: str
    link_id: str | None
    kind: FaultKind
    value: float
    from_at: float
    until_at: float

    def is_active(self, at: float) -> bool:
        """Return whether it acts at a time."""
        return self.from_at <= at < self.until_at


def disturb(channel: Channel, faults: Iterable[Fault]) -> Channel:
    """Return the channel as the faults leave it."""
    for fault in faults:
        if fault.kind is FaultKind.EVE:
            added = fault.value * INTERCEPT_RESEND_ERROR
            channel = channel.but(misalignment_error=min(0.5, channel.misalignment_error + added))
        elif fault.kind is FaultKind.CUT:
            channel = channel.but(is_cut=True)
        elif fault.kind is FaultKind.LOSS:
            channel = channel.but(extra_loss_db=channel.extra_loss_db + fault.value)
        elif fault.kind is FaultKind.NOISE:
            noisy = min(1.0, channel.background_yield * fault.value)
            channel = channel.but(background_yield=noisy)
    return channel
