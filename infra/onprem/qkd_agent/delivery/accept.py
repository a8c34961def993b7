"""Keys that a neighbor sends: kept for SAEs of this site, or passed on as a trusted node."""

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
    unwrap,
)
from infra.onprem.qkd_agent.keystore.held import AlreadyUsed, HeldKeys, NewKeys
from infra.onprem.qkd_agent.keystore.ledger import Ledger
from infra.onprem.qkd_agent.registry.saes import Saes
from infra.onprem.qkd_agent.registry.topology import Link, Topology, Way
from infra.onprem.qkd_agent.secret import SecretBytes
from infra.onprem.qkd_agent.south.base import LinkUnavailable, StockShort


class Refused(Exception):
    """The keys are not taken and nothing is kept of them."""


class Failed(Exception):
    """The keys were not taken for a reason that may pass."""


@dataclass(frozen=True)
class Arrival:
    """Keys on one hop, as their message says."""

    from_kme: str
    link_id: str
    target_kme: str
    via: tuple[str, ...]
    key_ids: Sequence[str]
    values: Sequence[str]
    references: Sequence[Mapping[str, Any]]
    size_bits: int
    master_id: str
    sae_ids: Sequence[str]
    lifetime_seconds: float


class KeyAcceptor:
    """Accepts keys from neighbors."""

    def __init__(
        self,
        own_kme_id: str,
        topology: Topology,
        saes: Saes,
        held: HeldKeys,
        ledger: Ledger,
        neighbors: Mapping[str, Neighbor],
        alarms: Alarms,
        clock: Callable[[], float],
    ) -> None:
        self._own_kme_id = own_kme_id
        self._topology = topology
        self._saes = saes
        self._held = held
        self._ledger = ledger
        self._neighbors = neighbors
        self._alarms = alarms
        self._clock = clock

    def accept(self, arrival: Arrival) -> None:
        """Take keys; on return they are on the disk here, or acknowledged by the target.

        Raises:
            Refused: If nothing was kept.
            Failed: If they may have got further; the sender must void them.
        """
        try:
            self._accept(arrival)
        except AlreadyUsed as error:
            text = "keys that had been used before were sent again"
            alarm = Alarm(AlarmKind.REPLAY_SEEN, arrival.link_id, Severity.MAJOR, text)
            self._alarms.once(alarm)
            raise Refused("a key_id was used before") from error

    def _accept(self, arrival: Arrival) -> None:
        link = self._topology.links.get(arrival.link_id)
        if link is None or link.peer != arrival.from_kme:
            raise Refused("there is no such link to the caller")
        next_way = self._next_way(arrival)
        if next_way is None:
            self._check_targets(arrival)
        elif not all(arrival.values):
            raise Refused("keys without a value cannot be passed on")
        if next_way is None:
            with self._ledger.together(when=link.south.is_local):
                self._keep(arrival, self._unwrapped(link, arrival))
        else:
            self._pass_on(link, arrival, next_way)

    def void(
        self, from_kme: str, key_ids: Sequence[str], master_id: str, sae_ids: Sequence[str]
    ) -> dict[str, str]:
        """Take back keys that a neighbor sent, here and further on.

        Returns:
            The ack_status of each key.
        """
        outcome = self._held.void(key_ids, from_kme)
        further: dict[str, list[str]] = {}
        for key_id in key_ids:
            next_kme = self._ledger.next_kme(key_id, from_kme)
            if next_kme is not None:
                further.setdefault(next_kme, []).append(key_id)
        for kme_id, ids in further.items():
            outcome.update(self._void_at(kme_id, ids, master_id, sae_ids))
        return outcome

    def _void_at(
        self, kme_id: str, key_ids: Sequence[str], master_id: str, sae_ids: Sequence[str]
    ) -> dict[str, str]:
        outcome = dict.fromkeys(key_ids, "failed to void")
        try:
            answer = self._neighbors[kme_id].void(key_ids, master_id, sae_ids)
        except HopFailed:
            return outcome
        for ack in answer.body if isinstance(answer.body, list) else []:
            for container in ack.get("key_id_container", []):
                if container.get("key_id") in outcome:
                    outcome[container["key_id"]] = str(ack.get("ack_status"))
        return outcome

    def _next_way(self, arrival: Arrival) -> Way | None:
        if arrival.target_kme == self._own_kme_id:
            return None
        next_kme = arrival.via[0] if arrival.via else arrival.target_kme
        link = self._topology.link_to(next_kme)
        if link is None or next_kme not in self._neighbors or next_kme == arrival.from_kme:
            raise Refused("there is no link to the next KME")
        return Way(link, arrival.via, arrival.target_kme)

    def _check_targets(self, arrival: Arrival) -> None:
        if not all(self._saes.is_served_here(sae_id) for sae_id in arrival.sae_ids):
            raise Refused("a target SAE is not known here")

    def _unwrapped(self, link: Link, arrival: Arrival) -> list[SecretBytes]:
        try:
            link_keys = link.south.match(
                arrival.key_ids, arrival.references, arrival.size_bits, arrival.target_kme
            )
        except (StockShort, LinkUnavailable) as error:
            raise Failed(str(error)) from error
        try:
            return [unwrap(v, key) for v, key in zip(arrival.values, link_keys, strict=True)]
        except ValueError as error:
            raise Refused("a value does not fit its size") from error

    def _keep(self, arrival: Arrival, keys: Sequence[SecretBytes]) -> None:
        new = NewKeys(
            master_id=arrival.master_id,
            sae_ids=arrival.sae_ids,
            from_kme=arrival.from_kme,
            expires_at=self._clock() + arrival.lifetime_seconds,
            keys=list(zip(arrival.key_ids, keys, strict=True)),
        )
        try:
            self._held.add(new)
        finally:
            _wipe(keys)

    def _pass_on(self, link: Link, arrival: Arrival, way: Way) -> None:
        """Send keys on. What they cost on both links is on the disk before they leave."""
        try:
            with self._ledger.together(when=link.south.is_local and way.link.south.is_local):
                body = self._rewrapped(arrival, way, self._unwrapped(link, arrival))
            self._neighbors[way.link.peer].ship(body)
        except HopRefused as error:
            raise Refused(str(error)) from error
        except (HopFailed, StockShort, LinkUnavailable) as error:
            raise Failed(str(error)) from error

    def _rewrapped(self, arrival: Arrival, way: Way, keys: Sequence[SecretBytes]) -> dict[str, Any]:
        """Return the message of the next hop, under its own link keys."""
        next_kme = way.link.peer
        self._ledger.pass_on(arrival.key_ids, arrival.from_kme, next_kme, self._clock())
        shipment = Shipment(
            way=way,
            key_ids=arrival.key_ids,
            size_bits=arrival.size_bits,
            master_id=arrival.master_id,
            sae_ids=arrival.sae_ids,
            lifetime_seconds=arrival.lifetime_seconds,
        )
        try:
            link_keys = way.link.south.draw(arrival.key_ids, arrival.size_bits, way.target)
            values = [carry(key, pad) for key, pad in zip(keys, link_keys, strict=True)]
        finally:
            _wipe(keys)
        return message(shipment, values, [pad.reference for pad in link_keys])


def _wipe(keys: Sequence[SecretBytes]) -> None:
    for key in keys:
        key.wipe()
