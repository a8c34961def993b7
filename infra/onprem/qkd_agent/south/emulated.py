"""The emulated link: physics, stock and keys that both ends derive from one shared secret."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.onprem.qkd_agent.emulator.faults import Fault, FaultKind
from infra.onprem.qkd_agent.emulator.physics import LinkPhysics
from infra.onprem.qkd_agent.emulator.stock import Stock
from infra.onprem.qkd_agent.keystore.ledger import Ledger
from infra.onprem.qkd_agent.keystore.link_records import LinkRecords, Sample
from infra.onprem.qkd_agent.secret import SecretBytes
from infra.onprem.qkd_agent.south.base import (
    LinkKey,
    LinkStatus,
    LinkUnavailable,
    LinkView,
    StockShort,
)
from infra.onprem.qkd_agent.south.derivation import BadReference, Derivation, reference

SOURCE = "emulated"
_MOST_BLOCKS_TO_CATCH_UP = 8640
_SMALLEST_KEY_BITS = 8


@dataclass(frozen=True)
class Parameters:
    """What the link is besides its physics."""

    link_id: str
    own_kme_id: str
    maximum_stock_bits: int
    initial_stock_bits: float
    internal_consumption: int


class EmulatedLink:
    """A `South` without a device.

    The stock is evaluated when somebody asks: all blocks that have ended since the last time are
    drawn then. After a long rest only the last 8640 blocks are; the stock is full long before.

    Args:
        secret: Shared by both ends; link keys are derived from it.
        faults: Gives the faults that were injected into this link.
    """

    def __init__(
        self,
        parameters: Parameters,
        physics: LinkPhysics,
        secret: SecretBytes,
        records: LinkRecords,
        ledger: Ledger,
        faults: Callable[[], Sequence[Fault]],
        clock: Callable[[], float],
    ) -> None:
        self._parameters = parameters
        self._physics = physics
        self._derivation = Derivation(secret, parameters.link_id)
        self._records = records
        self._ledger = ledger
        self._faults = faults
        self._clock = clock
        self._expected_skr = physics.expected_rate()

    @property
    def is_local(self) -> bool:
        """Return that no device is asked."""
        return True

    @property
    def source(self) -> str:
        """Return what makes the keys."""
        return SOURCE

    def view(self) -> LinkView:
        """Return the link as it is now."""
        stock = self._advance()
        enabled = self._records.is_enabled()
        is_cut = self._is_cut()
        last = self._records.latest()
        makes_keys = enabled and not is_cut and (last is None or (last.skr or 0) > 0)
        if makes_keys:
            status = LinkStatus.ACTIVE if last else LinkStatus.PENDING
        else:
            status = LinkStatus.PASSIVE if stock.bits >= _SMALLEST_KEY_BITS else LinkStatus.OFF
        return LinkView(
            status=status,
            is_enabled=enabled,
            is_down=is_cut,
            stock_bits=int(stock.bits),
            maximum_stock_bits=int(stock.maximum_bits),
            consumed_bits=stock.consumed_bits,
            qber=last.qber if last else None,
            skr=last.skr if last else None,
            eskr=last.eskr if last else None,
            expected_skr=self._expected_skr,
            source=SOURCE,
        )

    def draw(self, key_ids: Sequence[str], size_bits: int, target: str) -> list[LinkKey]:
        """Take keys to send; stock, pad offset and IDs are stored before the return."""
        block = self._physics.block_at(self._clock())
        with self._records.database.transaction():
            self._take(len(key_ids) * size_bits)
            offset = self._records.advance_offset(len(key_ids))
            self._ledger.use(f"{self._parameters.link_id} {target}", key_ids, self._clock())
        own = self._parameters.own_kme_id
        found_by = [reference(own, block, offset + index) for index in range(len(key_ids))]
        secrets = self._derived(key_ids, found_by, size_bits)
        return [LinkKey(*pair) for pair in zip(secrets, found_by, strict=True)]

    def match(
        self,
        key_ids: Sequence[str],
        references: Sequence[Mapping[str, Any]],
        size_bits: int,
        target: str,
    ) -> list[SecretBytes]:
        """Take the keys that the other end has drawn."""
        with self._records.database.transaction():
            self._take(len(key_ids) * size_bits)
            self._ledger.use(f"{self._parameters.link_id} {target}", key_ids, self._clock())
            return self._derived(key_ids, references, size_bits)

    def samples(self, since: float, limit: int) -> list[Sample]:
        """Return one sample per block."""
        self._advance()
        return self._records.samples(since, limit)

    def enable(self, *, enabled: bool) -> None:
        """Start or stop making keys, from the next block on."""
        self._advance()
        self._records.enable(enabled=enabled)

    def prune(self, before: float) -> None:
        """Forget the samples before a time."""
        self._records.prune(before)

    def _take(self, bits: int) -> None:
        stock = self._advance()
        if any(fault.kind is FaultKind.KME_DOWN for fault in self._active_faults()):
            raise LinkUnavailable("the emulated KME is down")
        if not stock.has(bits):
            raise StockShort("the key stock of the link is short")
        self._records.save(stock.taken(bits))

    def _derived(
        self, key_ids: Sequence[str], references: Sequence[Mapping[str, Any]], size_bits: int
    ) -> list[SecretBytes]:
        pairs = zip(key_ids, references, strict=True)
        try:
            return [self._derivation.key(found_by, i, size_bits) for i, found_by in pairs]
        except BadReference as error:
            raise LinkUnavailable(str(error)) from error

    def _active_faults(self) -> list[Fault]:
        now = self._clock()
        return [fault for fault in self._faults() if fault.is_active(now)]

    def _is_cut(self) -> bool:
        return any(fault.kind is FaultKind.CUT for fault in self._active_faults())

    def _advance(self) -> Stock:
        parameters = self._parameters
        current = self._physics.block_at(self._clock())
        maximum = float(parameters.maximum_stock_bits)
        initial = min(maximum, parameters.initial_stock_bits)
        with self._records.database.transaction():
            stock = self._records.load(Stock(initial, maximum, 0, current))
            if stock.next_block >= current:
                return stock
            stock = stock.skipped_to(current - _MOST_BLOCKS_TO_CATCH_UP)
            faults, enabled, samples = list(self._faults()), self._records.is_enabled(), []
            while stock.next_block < current:
                stock, sample = self._step(stock, faults, enabled=enabled)
                samples.append(sample)
            self._records.save(stock)
            self._records.add_samples(samples)
        return stock

    def _step(
        self, stock: Stock, faults: Sequence[Fault], *, enabled: bool
    ) -> tuple[Stock, Sample]:
        start = self._physics.start_of(stock.next_block)
        seconds = self._physics.train.block_seconds
        qber, rate = None, 0.0
        if enabled:
            block = self._physics.evaluate(stock.next_block, faults)
            qber, rate = block.qber, block.secret_bits / seconds
        left = max(0.0, rate - self._parameters.internal_consumption)
        filled = stock.filled(left * seconds)
        sample = Sample(
            at=start + seconds,
            qber=qber,
            skr=rate,
            eskr=left,
            stock_bits=int(filled.bits),
            consumed_bits=filled.consumed_bits,
            source=SOURCE,
            faults=tuple(sorted({f.kind.value for f in faults if f.is_active(start)})),
        )
        return filled, sample
