"""Counts of one block of pulses, drawn; and what the parties conclude from them."""

from dataclasses import dataclass

import numpy as np

from infra.onprem.qkd_agent.emulator.decoy import (
    Channel,
    Observables,
    decoy_rate,
    error_rate,
    gain,
)


@dataclass(frozen=True)
class PulseTrain:
    """How many pulses a block has and how they are shared between the intensities."""

    pulses_per_second: float = 1e9
    block_seconds: float = 10.0
    signal_share: float = 0.7
    decoy_share: float = 0.2

    def pulses(self, share: float) -> int:
        """Return how many pulses of a block this share makes."""
        return round(self.pulses_per_second * self.block_seconds * share)

    @property
    def vacuum_share(self) -> float:
        """Return what is left for vacuum pulses."""
        return 1 - self.signal_share - self.decoy_share


@dataclass(frozen=True)
class Block:
    """What one block gave: the QBER (None without a detection) and secret key bits."""

    qber: float | None
    secret_bits: float


def _rate(part: int, whole: int, otherwise: float) -> float:
    return part / whole if whole else otherwise


def _count(
    random: np.random.Generator, channel: Channel, intensity: float, pulses: int
) -> tuple[int, int]:
    detections = int(random.binomial(pulses, gain(channel, intensity)))
    return detections, int(random.binomial(detections, error_rate(channel, intensity)))


def draw(random: np.random.Generator, channel: Channel, train: PulseTrain) -> Block:
    """Draw the counts of one block and distill: QBER and key come from the same counts."""
    signals, decoys = train.pulses(train.signal_share), train.pulses(train.decoy_share)
    vacuums = train.pulses(train.vacuum_share)
    signal_hits, signal_errors = _count(random, channel, channel.signal_intensity, signals)
    decoy_hits, decoy_errors = _count(random, channel, channel.decoy_intensity, decoys)
    vacuum_hits, _ = _count(random, channel, 0.0, vacuums)
    if channel.is_cut:
        return Block(qber=None, secret_bits=0.0)
    seen = Observables(
        signal_gain=_rate(signal_hits, signals, 0.0),
        signal_error=_rate(signal_errors, signal_hits, 0.5),
        decoy_gain=_rate(decoy_hits, decoys, 0.0),
        decoy_error=_rate(decoy_errors, decoy_hits, 0.5),
        vacuum_yield=_rate(vacuum_hits, vacuums, 0.0),
    )
    qber = seen.signal_error if signal_hits else None
    return Block(qber=qber, secret_bits=decoy_rate(channel, seen) * signals)
