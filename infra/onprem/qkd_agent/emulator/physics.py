"""One emulated link as a pure function of time: which block gave what."""

from collections.abc import Iterable
from dataclasses import dataclass

from infra.onprem.qkd_agent.emulator.decoy import Channel, decoy_rate, expected
from infra.onprem.qkd_agent.emulator.drift import Drift
from infra.onprem.qkd_agent.emulator.faults import Fault, disturb
from infra.onprem.qkd_agent.emulator.randomness import generator
from infra.onprem.qkd_agent.emulator.sampling import Block, PulseTrain, draw


@dataclass(frozen=True)
class LinkPhysics:
    """The undisturbed channel, its pulses and its drift."""

    seed: str
    link_id: str
    channel: Channel
    train: PulseTrain
    error_drift: Drift
    loss_drift: Drift

    def block_at(self, at: float) -> int:
        """Return the index of the block that holds a time (seconds since 1970)."""
        return int(at // self.train.block_seconds)

    def start_of(self, block: int) -> float:
        """Return when a block starts, in seconds since 1970."""
        return block * self.train.block_seconds

    def evaluate(self, block: int, faults: Iterable[Fault]) -> Block:
        """Return what a block gave. The same block and faults give the same answer."""
        start = self.start_of(block)
        drifted = self.channel.but(
            misalignment_error=min(0.5, max(0.0, self.error_drift.at(block))),
            extra_loss_db=max(0.0, self.channel.extra_loss_db + self.loss_drift.at(block)),
        )
        channel = disturb(drifted, (fault for fault in faults if fault.is_active(start)))
        return draw(generator(self.seed, self.link_id, "counts", block), channel, self.train)

    def expected_rate(self) -> float:
        """Return the secret key rate in bit/s without drift, faults or statistical scatter."""
        rate = decoy_rate(self.channel, expected(self.channel))
        return rate * self.train.pulses_per_second * self.train.signal_share
