"""Get key: fresh keys for a master SAE, released only when the far end has acknowledged them."""

import logging
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.onprem.qkd_agent.alarms import Alarm, AlarmKind, Alarms, Severity
from infra.onprem.qkd_agent.delivery.hop import (
    HopFailed,
    HopRefused,
    Neighbor,
    Shipment,
    carry,
    message,
)
from infra.onprem.qkd_agent.keystore.key_ids import new_key_ids
from infra.onprem.qkd_agent.keystore.ledger import Batch, Ledger
from infra.onprem.qkd_agent.registry.topology import Way
from infra.onprem.qkd_agent.secret import SecretBytes
from infra.onprem.qkd_agent.south.base import LinkKey, LinkUnavailable, StockShort

_LOG = logging.getLogger(__name__)


class Unavailable(Exception):
    """No keys now; nothing was delivered."""


@dataclass(frozen=True)
class Order:
    """What a master SAE wants. `ways` maps each far KME to its way and the SAEs there."""

    master_id: str
    ways: Mapping[str, tuple[Way, Sequence[str]]]
    number: int
    size_bits: int
    lifetime_seconds: float

    @property
    def is_direct(self) -> bool:
        """Return whether one quantum link joins both ends, so that its keys are delivered."""
        return len(self.ways) == 1 and all(way.is_direct for way, _ in self.ways.values())

    @property
    def is_local(self) -> bool:
        """Return whether all link keys come without a network."""
        return all(way.link.south.is_local for way, _ in self.ways.values())

    @property
    def sae_ids(self) -> tuple[str, ...]:
        """Return all SAEs that will be able to fetch the keys."""
        return tuple(sae_id for _, sae_ids in self.ways.values() for sae_id in sae_ids)


class KeyIssuer:
    """Issues keys to master SAEs.

    Over one direct link the link's own keys are delivered. Over trusted nodes, or to several
    KMEs, the keys are random and travel under one-time pads of link keys, hop by hop.
    """

    def __init__(
        self,
        ledger: Ledger,
        neighbors: Mapping[str, Neighbor],
        alarms: Alarms,
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._neighbors = neighbors
        self._alarms = alarms
        self._clock = clock

    def issue(self, order: Order) -> list[tuple[str, SecretBytes]]:
        """Return keys as (key_ID, key); the ledger has them as delivered before the return.

        Raises:
            Unavailable: If there are none; what may have left is voided and burned.
            HopRefused: If the far KME does not serve an SAE; nothing is delivered.
        """
        key_ids = new_key_ids(order.number)
        next_kmes = tuple(way.link.peer for way, _ in order.ways.values())
        batch = Batch(
            batch_id=str(uuid.uuid4()),
            initiator=order.master_id,
            targets=order.sae_ids,
            key_ids=key_ids,
            size_bits=order.size_bits,
            next_kmes=next_kmes,
        )
        self._check_stock(order)
        try:
            with self._ledger.together(when=order.is_local):
                self._ledger.reserve(batch, self._clock())
                keys, bodies = self._draw_all(order, key_ids)
            for way, body in bodies:
                self._neighbors[way.link.peer].ship(body)
        except StockShort as error:
            self._ledger.forget(batch)
            raise Unavailable(str(error)) from error
        except HopRefused as error:
            self._burn(batch, str(error))
            raise
        except (HopFailed, LinkUnavailable) as error:
            self._burn(batch, str(error))
            raise Unavailable(f"the keys could not be shared with the far end: {error}") from error
        self._ledger.delivered(batch)
        return list(zip(key_ids, keys, strict=True))

    def burn(self, unfinished: Sequence[Batch]) -> None:
        """Burn the batches that a crash has left without an outcome."""
        for batch in unfinished:
            self._burn(batch, "the agent stopped before the delivery was known")

    def _check_stock(self, order: Order) -> None:
        for way, _ in order.ways.values():
            view = way.link.south.view()
            if view.is_down and view.stock_bits == 0:
                raise Unavailable("the link is off")
            if view.source == "emulated" and view.stock_bits < order.number * order.size_bits:
                raise Unavailable("the key stock of the link is short")

    def _draw_all(
        self, order: Order, key_ids: Sequence[str]
    ) -> tuple[list[SecretBytes], list[tuple[Way, dict[str, Any]]]]:
        """Return the keys, and for each way the message that carries them."""
        keys = None
        if not order.is_direct:
            keys = [SecretBytes(os.urandom(order.size_bits // 8)) for _ in key_ids]
        bodies: list[tuple[Way, dict[str, Any]]] = []
        for way, sae_ids in order.ways.values():
            link_keys = self._draw(way, key_ids, order.size_bits, is_first=not bodies)
            shipment = Shipment(
                way=way,
                key_ids=key_ids,
                size_bits=order.size_bits,
                master_id=order.master_id,
                sae_ids=sae_ids,
                lifetime_seconds=order.lifetime_seconds,
            )
            bodies.append((way, message(shipment, *_hop_values(keys, link_keys))))
            if keys is None:
                keys = [link_key.secret for link_key in link_keys]
        return keys or [], bodies

    @staticmethod
    def _draw(way: Way, key_ids: Sequence[str], size_bits: int, *, is_first: bool) -> list[LinkKey]:
        try:
            return way.link.south.draw(key_ids, size_bits, way.target)
        except StockShort as error:
            if is_first:
                raise
            raise LinkUnavailable("the stock of one of the links is short") from error

    def _burn(self, batch: Batch, reason: str) -> None:
        for kme_id in dict.fromkeys(batch.next_kmes):
            neighbor = self._neighbors.get(kme_id)
            if neighbor is None:
                continue
            try:
                neighbor.void(batch.key_ids, batch.initiator, batch.targets)
            except HopFailed as error:
                _LOG.warning(
                    "batch %s could not be voided at %s: %s", batch.batch_id, kme_id, error
                )
        self._ledger.burned(batch)
        text = f"{len(batch.key_ids)} keys are burned: {reason}"
        alarm = Alarm(AlarmKind.KEYS_BURNED, batch.batch_id, Severity.MINOR, text)
        self._alarms.once(alarm)


def _hop_values(
    keys: Sequence[SecretBytes] | None, link_keys: Sequence[LinkKey]
) -> tuple[list[str], list[Mapping[str, object]]]:
    carried = keys if keys is not None else [None] * len(link_keys)
    values = [carry(key, link_key) for key, link_key in zip(carried, link_keys, strict=True)]
    return values, [link_key.reference for link_key in link_keys]
