"""Timed events that run lazily: whoever looks at the cloud first lets the past happen."""

import heapq
import itertools
import time
from collections.abc import Callable


class Agenda:
    """Keep events and run those that are due, in the order of their due times.

    No thread ticks: time passes when ``run_due`` is called. Not thread-safe; the cloud's lock
    guards it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = itertools.count()
        self._running_at: float | None = None

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Plan an action; from within an action, seconds count from that action's due time."""
        start = self._clock() if self._running_at is None else self._running_at
        heapq.heappush(self._events, (start + seconds, next(self._sequence), action))

    def run_due(self) -> None:
        """Run every action whose time has come, including those planned meanwhile."""
        while self._events and self._events[0][0] <= self._clock():
            self._running_at, _, action = heapq.heappop(self._events)
            try:
                action()
            finally:
                self._running_at = None
