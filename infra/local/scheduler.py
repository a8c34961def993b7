"""Runs the app's schedules, as EventBridge does: each slot of time once, whoever else tries."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from chalice import Chalice
from chalice.app import Rate, ScheduledEventConfig

from chalicelib.services.ports import ClaimStore
from infra.local.aws import ACCOUNT_ID, REGION
from infra.local.lambda_functions import Functions

logger = logging.getLogger(__name__)

_UNIT_SECONDS = {Rate.MINUTES: 60, Rate.HOURS: 3600, Rate.DAYS: 86_400}
_STOP_SECONDS = 30


def schedules(app: Chalice) -> dict[str, float]:
    """Return the app's schedules and the seconds between two runs.

    Raises:
        TypeError: a schedule is no `Rate`; nothing here understands cron.
    """
    found: dict[str, float] = {}
    for source in app.event_sources:
        if not isinstance(source, ScheduledEventConfig):
            continue
        rate = source.schedule_expression
        if not isinstance(rate, Rate):
            raise TypeError(f"schedule {source.name}: only Rate(...) can be run locally")
        found[source.name] = float(rate.value * _UNIT_SECONDS[rate.unit])
    return found


class Scheduler:
    """Calls each schedule's function in time, from one thread per schedule."""

    def __init__(
        self,
        functions: Functions,
        claims: ClaimStore,
        seconds: Mapping[str, float],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._functions = functions
        self._claims = claims
        self._seconds = dict(seconds)
        self._now = now
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def names(self) -> tuple[str, ...]:
        """The schedules."""
        return tuple(self._seconds)

    def start(self) -> None:
        """Run the schedules from now on."""
        for name in self._seconds:
            thread = threading.Thread(
                target=self._repeat, args=(name,), name=f"schedule-{name}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Begin no run any more and wait for those that have begun."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(_STOP_SECONDS)
        self._threads.clear()

    def run(self, name: str) -> Any:
        """Run a schedule now, outside of its slots, and return its function's result.

        Raises:
            KeyError: there is no such schedule.
            Exception: whatever the function raises.
        """
        if name not in self._seconds:
            raise KeyError(name)
        return self._functions.call(name, schedule_event(name))

    def run_slot(self, name: str) -> bool:
        """Run a schedule if this slot's run is still to be had; say whether it was."""
        slot = str(int(self._now() // self._seconds[name]))
        if not self._claims.take_slot(name, slot):
            return False
        self.run(name)
        return True

    def _repeat(self, name: str) -> None:
        while not self._stopping.wait(self._until_next_slot(name)):
            try:
                self.run_slot(name)
            except Exception:  # one failed run must not end the schedule, nor does it on AWS
                logger.exception("schedule %s failed", name)

    def _until_next_slot(self, name: str) -> float:
        seconds = self._seconds[name]
        return seconds - self._now() % seconds


def schedule_event(name: str) -> dict[str, Any]:
    """Return what EventBridge sends to a schedule's function."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/{name}"],
        "detail": {},
    }
