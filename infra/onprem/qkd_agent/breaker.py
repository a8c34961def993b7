"""A circuit breaker: after repeated failures nobody waits for the other end for a while."""

import threading
from collections import deque
from collections.abc import Callable
from enum import StrEnum


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitBreaker:
    """Opens after failures in a window; later lets one call through to try.

    Args:
        clock: Gives seconds; only differences count.
        failures: How many open it.
        window_seconds: Time within which they must happen.
        rest_seconds: Time until a trial.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        failures: int = 5,
        window_seconds: float = 30.0,
        rest_seconds: float = 30.0,
    ) -> None:
        self._clock = clock
        self._limit = failures
        self._window = window_seconds
        self._rest = rest_seconds
        self._failed_at: deque[float] = deque(maxlen=failures)
        self._opened_at: float | None = None
        self._is_trying = False
        self._lock = threading.Lock()

    @property
    def state(self) -> BreakerState:
        """Return the state now."""
        with self._lock:
            return self._state()

    def admits(self) -> bool:
        """Return whether a call may be made; in the half-open state that is one at a time."""
        with self._lock:
            state = self._state()
            if state is BreakerState.CLOSED:
                return True
            if state is BreakerState.OPEN or self._is_trying:
                return False
            self._is_trying = True
            return True

    def succeeded(self) -> None:
        """Note that the other end answered."""
        with self._lock:
            self._failed_at.clear()
            self._opened_at = None
            self._is_trying = False

    def failed(self) -> None:
        """Note that it did not."""
        with self._lock:
            now = self._clock()
            self._failed_at.append(now)
            is_burst = (
                len(self._failed_at) == self._limit and now - self._failed_at[0] <= self._window
            )
            if is_burst or self._is_trying:
                self._opened_at = now
            self._is_trying = False

    def _state(self) -> BreakerState:
        if self._opened_at is None:
            return BreakerState.CLOSED
        if self._clock() - self._opened_at < self._rest:
            return BreakerState.OPEN
        return BreakerState.HALF_OPEN
