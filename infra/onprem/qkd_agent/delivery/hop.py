"""One hop of keys to a neighboring KME, in the message shapes of ETSI GS QKD 020.

What the standard leaves open travels in two extensions under the private enterprise number that
RFC 5612 keeps for documentation: how the hop's link keys are found, and where the keys go.
"""

import base64
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.onprem.qkd_agent.breaker import BreakerState, CircuitBreaker
from infra.onprem.qkd_agent.registry.topology import Way
from infra.onprem.qkd_agent.secret import SecretBytes
from infra.onprem.qkd_agent.south.base import LinkKey
from infra.onprem.qkd_agent.web.client import Answer, JsonClient, NoAnswer, NotSent

LINK_KEY_EXTENSION = "E32473_link_key"
HOP_EXTENSION = "E32473_hop"
EXT_KEYS, ACK, VOID = "/kmapi/v1/ext_keys", "/kmapi/v1/ext_keys/ack", "/kmapi/v1/ext_keys/void"
_ACK_SECONDS = 5.0
_OK, _ACCEPTED, _REFUSED = 200, 202, (400, 401)


class HopRefused(Exception):
    """The neighbor refused and kept nothing."""


class HopFailed(Exception):
    """The neighbor may have the keys or not: they must be voided and are burned."""


class HopUnreachable(HopFailed):
    """The neighbor has not got the message."""


@dataclass(frozen=True)
class Shipment:
    """What a hop carries besides the keys."""

    way: Way
    key_ids: Sequence[str]
    size_bits: int
    master_id: str
    sae_ids: Sequence[str]
    lifetime_seconds: float


def carry(key: SecretBytes | None, link_key: LinkKey) -> str:
    """Return the value of a key for one hop, base64.

    Without a key, the link key itself is delivered: both ends have it and nothing travels. Else
    the link key is the one-time pad, wiped after this one use.
    """
    if key is None:
        return ""
    with link_key.secret, key.xor(link_key.secret) as wrapped:
        return wrapped.base64()


def unwrap(value: str, link_key: SecretBytes) -> SecretBytes:
    """Return the key that a hop carried.

    Raises:
        ValueError: If the value is not base64 of the right length.
    """
    if not value:
        return link_key
    with link_key, SecretBytes(base64.b64decode(value, validate=True)) as wrapped:
        return wrapped.xor(link_key)


def message(
    shipment: Shipment, values: Sequence[str], references: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the ext_keys body of a hop."""
    way = shipment.way
    entries = zip(shipment.key_ids, values, references, strict=True)
    return {
        "keys": [
            {"key_id": key_id, "value": value, "extension": {LINK_KEY_EXTENSION: dict(reference)}}
            for key_id, value, reference in entries
        ],
        "initiator_sae_id": shipment.master_id,
        "target_sae_ids": list(shipment.sae_ids),
        "extension_mandatory": {
            HOP_EXTENSION: {
                "link_id": way.link.link_id,
                "size_bits": shipment.size_bits,
                "target_kme_id": way.target,
                "via": list(way.via[1:]),
                "lifetime_seconds": shipment.lifetime_seconds,
            }
        },
    }


class AckBook:
    """Acknowledgements that come by a call back."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[str, threading.Event, list[str]]] = {}
        self._lock = threading.Lock()

    def expect(self, key_id: str, kme_id: str) -> tuple[threading.Event, list[str]]:
        """Return an event that is set, and a list that gets the status, when the ack comes."""
        waiter = (kme_id, threading.Event(), list[str]())
        with self._lock:
            self._waiting[key_id] = waiter
        return waiter[1], waiter[2]

    def forget(self, key_id: str) -> None:
        """Stop waiting."""
        with self._lock:
            self._waiting.pop(key_id, None)

    def settle(self, key_id: str, kme_id: str, status: str) -> bool:
        """Hand over an ack of a KME; return whether somebody waited for it."""
        with self._lock:
            waiter = self._waiting.get(key_id)
        if waiter is None or waiter[0] != kme_id:
            return False
        waiter[2].append(status)
        waiter[1].set()
        return True


class Neighbor:
    """The agent of a neighboring site, as a client sees it."""

    def __init__(
        self,
        kme_id: str,
        client: JsonClient,
        acks: AckBook,
        clock: Callable[[], float],
        callback_url: str | None,
    ) -> None:
        self.kme_id = kme_id
        self._client = client
        self._acks = acks
        self._callback_url = callback_url
        self.breaker = CircuitBreaker(clock, rest_seconds=5.0)

    @property
    def is_reachable(self) -> bool:
        """Return whether calls go through at the moment."""
        return self.breaker.state is not BreakerState.OPEN

    def ship(self, body: dict[str, Any]) -> None:
        """Send keys and wait until the far end acknowledges all of them.

        Raises:
            HopRefused: If nothing was kept there.
            HopFailed: If it is not known what became of them.
        """
        first = body["keys"][0]["key_id"]
        if self._callback_url is None:
            self._check(self._call(EXT_KEYS, body))
            return
        event, statuses = self._acks.expect(first, self.kme_id)
        try:
            body = {**body, "ack_callback_url": self._callback_url + ACK}
            answer = self._call(EXT_KEYS, body)
            if answer.status != _ACCEPTED:
                self._check(answer)
            elif not event.wait(_ACK_SECONDS):
                raise HopFailed("no acknowledgement in time")
            elif statuses != ["relayed"]:
                raise HopFailed(f"acknowledged as {statuses}")
        finally:
            self._acks.forget(first)

    def void(self, key_ids: Sequence[str], master_id: str, sae_ids: Sequence[str]) -> Answer:
        """Take keys back.

        Raises:
            HopFailed: If there is no answer.
        """
        body = {
            "key_ids": list(key_ids),
            "initiator_sae_id": master_id,
            "target_sae_ids": list(sae_ids),
        }
        return self._call(VOID, body)

    def acknowledge(self, acks: Sequence[Mapping[str, Any]]) -> None:
        """Tell the neighbor what became of the keys it sent.

        Raises:
            HopFailed: If it did not answer.
        """
        self._call(ACK, list(acks))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(self, path: str, body: object) -> Answer:
        if not self.breaker.admits():
            raise HopUnreachable("the far KME was not reachable lately")
        try:
            answer = self._client.call("POST", path, body)
        except NotSent as error:
            self.breaker.failed()
            raise HopUnreachable(f"the far KME is not reachable ({error})") from error
        except NoAnswer as error:
            self.breaker.failed()
            raise HopFailed(f"the far KME did not answer ({error})") from error
        self.breaker.succeeded()
        return answer

    @staticmethod
    def _check(answer: Answer) -> None:
        if answer.status in _REFUSED:
            raise HopRefused(answer.message)
        if answer.status != _OK or not _all_relayed(answer.body):
            raise HopFailed(f"status {answer.status}: {answer.message}")


def _all_relayed(body: object) -> bool:
    if not isinstance(body, list) or not body:
        return False
    return all(isinstance(ack, dict) and ack.get("ack_status") == "relayed" for ack in body)
