"""What every back end of a link can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from infra.onprem.qkd_agent.keystore.link_records import Sample
from infra.onprem.qkd_agent.secret import SecretBytes


class StockShort(Exception):
    """The link has not enough key; nothing was taken."""


class LinkUnavailable(Exception):
    """The device does not answer, or not as it should."""


class LinkStatus(StrEnum):
    """LINK identities of ETSI GS QKD 015."""

    ACTIVE = "ACTIVE"
    PASSIVE = "PASSIVE"
    PENDING = "PENDING"
    OFF = "OFF"


@dataclass(frozen=True)
class LinkView:
    """A link as it is now. Rates in bit/s, None where the device does not tell.

    Attributes:
        expected_skr: What the link gives in the long run; admission is decided by it.
        source: `emulated` or `device`.
    """

    status: LinkStatus
    is_enabled: bool
    is_down: bool
    stock_bits: int
    maximum_stock_bits: int
    consumed_bits: int
    qber: float | None
    skr: float | None
    eskr: float | None
    expected_skr: float | None
    source: str


@dataclass(frozen=True)
class LinkKey:
    """A key taken from a link, and what the other end needs to find the same key."""

    secret: SecretBytes
    reference: Mapping[str, Any] = field(default_factory=dict)


class South(Protocol):
    """The back end of one link. Each key is given at most once at each end."""

    @property
    def is_local(self) -> bool:
        """Return whether keys come without a network, so quickly enough for a transaction."""

    @property
    def source(self) -> str:
        """Return what makes the keys: `emulated` or `device`."""

    def view(self) -> LinkView:
        """Return the link as it is now."""

    def draw(self, key_ids: Sequence[str], size_bits: int, target: str) -> list[LinkKey]:
        """Take keys to send; that they are used is stored before the return.

        Args:
            key_ids: IDs of the keys to deliver; used once for each target.
            size_bits: Size of each.
            target: KME ID at the end of the way.

        Raises:
            StockShort: If there is not enough; nothing is taken.
            LinkUnavailable: If the device failed; what it may have given is burned.
        """

    def match(
        self,
        key_ids: Sequence[str],
        references: Sequence[Mapping[str, Any]],
        size_bits: int,
        target: str,
    ) -> list[SecretBytes]:
        """Take the keys that the other end has drawn.

        Raises:
            AlreadyUsed: If one of the IDs was matched before.
            StockShort: If there is not enough; nothing is taken.
            LinkUnavailable: If the device does not give them.
        """

    def samples(self, since: float, limit: int) -> list[Sample]:
        """Return the time series from a time on, oldest first."""

    def enable(self, *, enabled: bool) -> None:
        """Start or stop making keys."""

    def prune(self, before: float) -> None:
        """Forget the samples before a time."""
