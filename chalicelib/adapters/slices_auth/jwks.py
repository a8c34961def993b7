"""An authority's key set, kept between requests and through outages of the authority."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from msgspec import Struct

from chalicelib.adapters.slices_auth.fetch import (
    DocumentFetcher,
    FetchError,
    is_loopback,
    require_safe_url,
)
from chalicelib.adapters.slices_auth.keys import VerificationKey, parse_key_set, select_keys
from chalicelib.adapters.slices_auth.strict_json import parse_object
from chalicelib.domain.errors import AuthorityUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.adapters.slices_auth.trust import TrustedIssuer

FRESH_SECONDS = 3600.0
STALE_SECONDS = 24 * 3600.0
REFRESH_INTERVAL_SECONDS = 30.0
COLD_RETRY_SECONDS = 5.0

_log = logging.getLogger(__name__)


class _KeySet(Struct, frozen=True):
    keys: tuple[VerificationKey, ...]
    fetched_at: float


class JWKSCache:
    """The keys of one authority; safe to share between threads.

    Keys are fresh for an hour. When they cannot be renewed they serve for up to a day, so that an
    outage of the authority is not ours. One thread fetches at a time, and no more often than
    every 30 s once there are keys (5 s while there are none), whatever tokens arrive.
    """

    def __init__(
        self,
        issuer: TrustedIssuer,
        *,
        fetch: Callable[[str], bytes] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch or DocumentFetcher()
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._key_set: _KeySet | None = None
        self._attempted_at: float | None = None
        self._last_attempt_failed = False

    def find(self, algorithm: str, kid: str | None) -> tuple[VerificationKey, ...]:
        """Return the keys that may verify such a token; none if the authority has no such key.

        Raises:
            AuthorityUnavailable: the keys cannot be fetched and no cached one fits.
        """
        keys = self._current()
        found = select_keys(keys, algorithm, kid)
        if found:
            return found
        # An unknown key id may mean new keys: look once, but not at everyone's bidding.
        with self._lock:
            self._refresh_if_due()
            keys, failed = self._usable(), self._last_attempt_failed
        found = select_keys(keys, algorithm, kid)
        if not found and failed:
            raise self._unavailable()
        return found

    def _current(self) -> tuple[VerificationKey, ...]:
        known = self._key_set
        if known is not None and self._age(known) < FRESH_SECONDS:
            return known.keys
        # With stale keys at hand nobody waits for the thread that is already fetching.
        if self._lock.acquire(blocking=not self._usable()):
            try:
                self._refresh_if_due()
            finally:
                self._lock.release()
        keys = self._usable()
        if not keys:
            raise self._unavailable()
        return keys

    def _usable(self) -> tuple[VerificationKey, ...]:
        known = self._key_set
        if known is None or self._age(known) >= STALE_SECONDS:
            return ()
        return known.keys

    def _age(self, key_set: _KeySet) -> float:
        return self._monotonic() - key_set.fetched_at

    def _refresh_if_due(self) -> None:
        now = self._monotonic()
        interval = REFRESH_INTERVAL_SECONDS if self._usable() else COLD_RETRY_SECONDS
        if self._attempted_at is not None and now - self._attempted_at < interval:
            return
        try:
            keys = parse_key_set(self._fetch(self._key_set_url()))
        except (FetchError, ValueError) as error:
            self._last_attempt_failed = True
            _log.warning("No new keys for %s tokens: %s", self._issuer.kind, error)
            return
        finally:
            # Counted from its end: whoever waited for a slow failure shall not repeat it at once.
            self._attempted_at = self._monotonic()
        self._last_attempt_failed = False
        self._key_set = _KeySet(keys, now)

    def _key_set_url(self) -> str:
        if self._issuer.jwks_url is not None:
            return self._issuer.jwks_url
        # TrustedIssuer promises that one of the two is set.
        discovery_url = str(self._issuer.discovery_url)
        url = parse_object(self._fetch(discovery_url)).get("jwks_uri")
        if not isinstance(url, str):
            raise FetchError(f"{discovery_url}: no jwks_uri")
        require_safe_url(url)
        if is_loopback(url) and not is_loopback(discovery_url):
            raise FetchError(f"{discovery_url}: its jwks_uri points at this machine")
        return url

    def _unavailable(self) -> AuthorityUnavailable:
        return AuthorityUnavailable(
            f"The authority for {self._issuer.kind} tokens does not answer, so your token cannot "
            "be checked. It may be good: try again in a minute."
        )
