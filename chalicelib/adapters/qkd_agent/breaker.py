"""A circuit breaker: after repeated failures nothing is sent for a while."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

FAILURES = 5
WINDOW_SECONDS = 30.0
OPEN_SECONDS = 30.0


class CircuitBreaker:
    """Opens after 5 failures within 30 s; after 30 s lets one call through to try."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        on_open: Callable[[], None] = lambda: None,
    ) -> None:
        self._now = now
        self._on_open = on_open
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._opened_at: float | None = None
        self._lock = threading.Lock()

    def admits(self) -> bool:
        """Say whether a call may be sent; a True while it is open is the one that tries."""
        with self._lock:
            if self._opened_at is None:
                return True
            if self._now() - self._opened_at < OPEN_SECONDS:
                return False
            self._opened_at = self._now()
            return True

    def succeeded(self) -> None:
        """Note that the other side answered."""
        with self._lock:
            self._failures.clear()
            self._opened_at = None

    def failed(self) -> None:
        """Note that it did not."""
        with self._lock:
            now = self._now()
            self._failures.append(now)
            is_full = len(self._failures) == FAILURES
            opens = is_full and now - self._failures[0] <= WINDOW_SECONDS
            if opens:
                self._opened_at = now
        if opens:
            self._on_open()
