"""A third-party KME as the source of link keys, over ETSI GS QKD 014.

Tolerant in what it reads, strict in what it takes for a key: KMEs in the field hang, give other
sizes or numbers than asked, repeat keys or answer in HTML. Get key is never repeated: whatever
may have left may have cost keys.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from infra.onprem.qkd_agent.alarms import Alarm, AlarmKind, Alarms, Severity
from infra.onprem.qkd_agent.breaker import BreakerState, CircuitBreaker
from infra.onprem.qkd_agent.config_sections import Etsi014Section
from infra.onprem.qkd_agent.keystore.held import AlreadyUsed
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
from infra.onprem.qkd_agent.south.container import UUID, BadAnswer, read_container
from infra.onprem.qkd_agent.web.client import Answer, JsonClient, NoAnswer, NotSent

SOURCE = "device"
_OK, _FIRST_SERVER_ERROR, _UNAVAILABLE = 200, 500, 503
_REPEATABLE = (400, 404, 503)
_NO_STATUS = (404, 405, 501)
_REPEAT_PAUSES = (0.05, 0.1, 0.2, 0.3, 0.4)


class DeviceLink:
    """A `South` with a third-party KME at each end."""

    def __init__(
        self,
        link_id: str,
        settings: Etsi014Section,
        client: JsonClient,
        records: LinkRecords,
        ledger: Ledger,
        alarms: Alarms,
        clock: Callable[[], float],
    ) -> None:
        self._link_id = link_id
        self._settings = settings
        self._client = client
        self._records = records
        self._ledger = ledger
        self._alarms = alarms
        self._clock = clock
        self.breaker = CircuitBreaker(clock)

    @property
    def is_local(self) -> bool:
        """Return that the KME is asked over the network."""
        return False

    @property
    def source(self) -> str:
        """Return what makes the keys."""
        return SOURCE

    def view(self) -> LinkView:
        """Return the link as its KME describes it; what it does not tell is None or 0."""
        is_there, status = self._status()
        enabled = self._records.is_enabled()
        size = _count(status, "key_size") or 256
        stock = (_count(status, "stored_key_count") or 0) * size
        state = LinkStatus.ACTIVE if is_there and enabled else LinkStatus.OFF
        return LinkView(
            status=state,
            is_enabled=enabled,
            is_down=not is_there,
            stock_bits=stock,
            maximum_stock_bits=max(stock, (_count(status, "max_key_count") or 0) * size),
            consumed_bits=0,
            qber=None,
            skr=None,
            eskr=None,
            expected_skr=None,
            source=SOURCE,
        )

    def draw(
        self,
        key_ids: Sequence[str],
        size_bits: int,
        target: str,  # noqa: ARG002  # a KME names its keys itself
    ) -> list[LinkKey]:
        """Fetch keys as the master SAE. What comes back wrong is burned and told."""
        if not self._records.is_enabled():
            raise LinkUnavailable("the link is disabled")
        keys: list[tuple[str, SecretBytes]] = []
        limit = 1 if self._settings.uses_get else self._settings.maximum_keys
        try:
            while len(keys) < len(key_ids):
                keys += self._get_keys(min(limit, len(key_ids) - len(keys)), size_bits)
        except (StockShort, LinkUnavailable):
            if keys:
                self._burned(f"{len(keys)} keys of an incomplete batch are burned")
            raise
        self._use([key_id.lower() for key_id, _ in keys])
        return [LinkKey(key, {"key_ID": key_id}) for key_id, key in keys]

    def match(
        self,
        key_ids: Sequence[str],
        references: Sequence[Mapping[str, Any]],
        size_bits: int,
        target: str,  # noqa: ARG002  # a KME names its keys itself
    ) -> list[SecretBytes]:
        """Fetch, as the slave SAE, the keys that the other end fetched as the master."""
        spelled = [str(reference.get("key_ID", "")) for reference in references]
        wanted = [key_id.lower() for key_id in spelled]
        if len(set(wanted)) != len(key_ids) or not all(map(UUID.fullmatch, wanted)):
            raise LinkUnavailable("the references of the other end are not key_IDs")
        limit = 1 if self._settings.uses_get else self._settings.maximum_keys
        found: dict[str, SecretBytes] = {}
        for start in range(0, len(wanted), limit):
            part = spelled[start : start + limit]
            keys = self._get_keys_with_ids(part, size_bits)
            found.update((key_id.lower(), key) for key_id, key in keys)
        self._ledger.use(self._link_id, wanted, self._clock())
        return [found[key_id] for key_id in wanted]

    def samples(self, since: float, limit: int) -> list[Sample]:
        """Return what was seen when somebody looked; asking is looking."""
        view = self.view()
        self._records.add_samples(
            [Sample(self._clock(), None, None, None, view.stock_bits, 0, SOURCE)]
        )
        return self._records.samples(since, limit)

    def enable(self, *, enabled: bool) -> None:
        """Start or stop using the KME; the device itself is not ours to switch."""
        self._records.enable(enabled=enabled)

    def prune(self, before: float) -> None:
        """Forget the samples before a time."""
        self._records.prune(before)

    def _path(self, sae_id: str, method: str) -> str:
        return f"/api/v1/keys/{quote(sae_id, safe='')}/{method}"

    def _call(self, method: str, path: str, body: object = None) -> Answer:
        if not self.breaker.admits():
            raise LinkUnavailable("the KME was not reachable lately")
        try:
            answer = self._client.call(method, path, body)
        except (NotSent, NoAnswer):
            self.breaker.failed()
            raise
        finally:
            self._watch_breaker()
        self.breaker.succeeded()
        return answer

    def _watch_breaker(self) -> None:
        message = f"the KME of link {self._link_id} does not answer"
        alarm = Alarm(AlarmKind.KME_UNREACHABLE, self._link_id, Severity.MAJOR, message)
        self._alarms.watch(alarm, is_wrong=self.breaker.state is BreakerState.OPEN)

    def _status(self) -> tuple[bool, dict[str, Any] | None]:
        """Return whether the KME can be used, and its status: it is advisory, some have none."""
        try:
            answer = self._call("GET", self._path(self._settings.peer_sae_id, "status"))
        except (NotSent, NoAnswer, LinkUnavailable):
            return False, None
        if answer.status != _OK:
            return answer.status in _NO_STATUS, None
        return True, answer.body if isinstance(answer.body, dict) else None

    def _get_keys(self, number: int, size_bits: int) -> list[tuple[str, SecretBytes]]:
        path = self._path(self._settings.peer_sae_id, "enc_keys")
        try:
            if self._settings.uses_get:
                answer = self._call("GET", f"{path}?number={number}&size={size_bits}")
            else:
                answer = self._call("POST", path, {"number": number, "size": size_bits})
        except NotSent as error:
            raise LinkUnavailable(f"the KME is not reachable: {error}") from error
        except NoAnswer as error:
            self._burned(f"the answer to enc_keys was lost ({error}); its keys are burned")
            raise LinkUnavailable("the KME did not answer") from error
        if answer.status == _UNAVAILABLE:
            raise StockShort(f"the KME refuses: {answer.message}")
        if answer.status != _OK:
            reason = f"enc_keys ended with status {answer.status}: {answer.message}"
            if answer.status >= _FIRST_SERVER_ERROR:
                self._burned(f"{reason}; what it may have cost is burned")
            raise LinkUnavailable(reason)
        try:
            return read_container(answer, number, size_bits)
        except BadAnswer as error:
            self._lie(f"enc_keys: {error}")
            raise LinkUnavailable("the KME's answer was discarded") from error

    def _get_keys_with_ids(
        self, wanted: Sequence[str], size_bits: int
    ) -> list[tuple[str, SecretBytes]]:
        answer = self._ask_until_there(wanted)
        if answer.status != _OK:
            reason = f"dec_keys ended with status {answer.status}: {answer.message}"
            self._burned(f"{reason}; its keys are burned")
            raise LinkUnavailable(reason)
        try:
            names = {key_id.lower() for key_id in wanted}
            keys = read_container(answer, len(wanted), size_bits, names)
        except BadAnswer as error:
            self._lie(f"dec_keys: {error}")
            raise LinkUnavailable("the KME's answer was discarded") from error
        return keys

    def _ask_until_there(self, wanted: Sequence[str]) -> Answer:
        path = self._path(self._settings.peer_sae_id, "dec_keys")
        body = {"key_IDs": [{"key_ID": key_id} for key_id in wanted]}
        for pause in (*_REPEAT_PAUSES, None):
            try:
                if self._settings.uses_get:
                    answer = self._call("GET", f"{path}?key_ID={wanted[0]}")
                else:
                    answer = self._call("POST", path, body)
            except (NotSent, NoAnswer) as error:
                if pause is None:
                    self._burned(f"dec_keys stays unanswered ({error}); its keys are burned")
                    raise LinkUnavailable("the KME did not answer") from error
            else:
                if answer.status not in _REPEATABLE or pause is None:
                    return answer
            time.sleep(pause)
        raise AssertionError("the last turn returns or raises")

    def _use(self, key_ids: Sequence[str]) -> None:
        try:
            self._ledger.use(self._link_id, key_ids, self._clock())
        except AlreadyUsed as error:
            self._lie("enc_keys: a key_ID was given before")
            raise LinkUnavailable("the KME's answer was discarded") from error

    def _lie(self, message: str) -> None:
        alarm = Alarm(AlarmKind.DEVICE_LIES, self._link_id, Severity.MAJOR, message)
        self._alarms.once(alarm)

    def _burned(self, message: str) -> None:
        alarm = Alarm(AlarmKind.KEYS_BURNED, self._link_id, Severity.MINOR, message)
        self._alarms.once(alarm)


def _count(status: Mapping[str, Any] | None, name: str) -> int | None:
    value = (status or {}).get(name)
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_count else None
