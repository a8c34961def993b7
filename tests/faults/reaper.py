"""Lets processes of the stack die at chosen effects, without any of their clean-up.

A process is one call of a function, or one request to the API. Once dead, each further effect of
it raises again, so that `finally` blocks change nothing, as after SIGKILL.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.resources import Resource
from chalicelib.domain.tasks import Task
from infra.local.lambda_functions import Invocation
from tests.faults.effects import Effect

API = "api"

# What AWS reports of a sandbox that was killed; the name is what workflows retry.
SandboxKilled = type("Lambda.Unknown", (Exception,), {})


class ProcessDied(BaseException):
    """Unwinds a dead process; no handler of exceptions stops it."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a process may die: at the n-th effect of this name in processes of this name."""

    process: str
    effect: str
    number: int

    def __str__(self) -> str:
        return f"{self.process}: {self.effect}" + (f" #{self.number}" if self.number > 1 else "")


@dataclass(frozen=True, slots=True)
class Death:
    """A process's end, before or after the effect."""

    point: Point
    moment: str

    def __str__(self) -> str:
        return f"{self.moment} {self.point}"


@dataclass(slots=True)
class _Process:
    name: str
    is_dead: bool = False
    points: dict[Effect, Point] = field(default_factory=dict)


@dataclass(slots=True)
class _Case:
    """What is known of one case: its ids, what is to happen to it, and what has happened."""

    deaths: list[Death]
    points: list[Point] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)


class Reaper:
    """Watches all processes; the cases are told apart by the ids in their effects."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._here = threading.local()
        self._owners: dict[str, str] = {}
        self._cases: dict[str, _Case] = {}
        self._newest: dict[str, Resource | Task] = {}

    # --- the cases -------------------------------------------------------------------------------

    def arm(self, case: str, *deaths: Death) -> None:
        """From now on, note the effects of a case and let these deaths happen, each once."""
        with self._lock:
            self._owners[case] = case
            self._cases[case] = _Case(list(deaths))

    def points(self, case: str) -> list[Point]:
        """Return where processes of the case could have died since it was armed."""
        with self._lock:
            return list(self._cases[case].points)

    def unreached(self, case: str) -> list[Death]:
        """Return the deaths that have not come."""
        with self._lock:
            return list(self._cases[case].deaths)

    def next_death(self, some_id: str, process: str) -> Death | None:
        """Return a death that is planned in processes of this name, for the case with this id."""
        with self._lock:
            case = self._cases.get(self._owners.get(some_id, ""))
            planned = case.deaths if case else ()
            return next((death for death in planned if death.point.process == process), None)

    def has_come(self, some_id: str, death: Death) -> None:
        """Learn that a death has come elsewhere."""
        with self._lock:
            self._cases[self._owners[some_id]].deaths.remove(death)

    def newest(self, case: str) -> list[Resource | Task]:
        """Return the case's resources and tasks as they were last written."""
        with self._lock:
            return [one for one in self._newest.values() if one.experiment_id == case]

    def own(self, case: str) -> None:
        """Learn of a case before its first effect."""
        with self._lock:
            self._owners[case] = case

    # --- the processes -----------------------------------------------------------------------

    @contextmanager
    def process(self, name: str) -> Iterator[None]:
        """Be a process of this name.

        Raises:
            ProcessDied: it died.
        """
        process, outer = _Process(name), getattr(self._here, "process", None)
        self._here.process = process
        try:
            yield
        finally:
            self._here.process = outer
        if process.is_dead:
            raise ProcessDied(name)

    def around(self, call: Invocation, proceed: Callable[[], Any]) -> Any:
        """Stand around a function's call, as an interceptor."""
        try:
            with self.process(call.name):
                return proceed()
        except ProcessDied:
            raise SandboxKilled(f"{call.name} was killed") from None

    # --- the watch ---------------------------------------------------------------------------

    def wrote(self, state: Resource | Task) -> None:
        with self._lock:
            known = self._newest.get(state.id)
            if known is None or known.version <= state.version:
                self._newest[state.id] = state

    def belongs(self, identifier: str, owner_id: str) -> None:
        with self._lock:
            if owner_id in self._owners:
                self._owners[identifier] = self._owners[owner_id]

    def before(self, effect: Effect) -> None:
        process: _Process | None = getattr(self._here, "process", None)
        if process is None:
            return
        with self._lock:
            self._require_alive(process)
            key = self._case_of(effect)
            case = self._cases.get(key or "")
            if case is None:
                return
            name = (process.name, effect.name)
            case.counts[name] += 1
            process.points[effect] = Point(*name, case.counts[name])
            case.points.append(process.points[effect])
        self._die_if_planned(process, case, effect, "before")

    def after(self, effect: Effect) -> None:
        process: _Process | None = getattr(self._here, "process", None)
        if process is None:
            return
        with self._lock:
            self._require_alive(process)
            case = self._cases.get(self._case_of(effect) or "")
        if case is not None and effect in process.points:
            self._die_if_planned(process, case, effect, "after")

    def _die_if_planned(self, process: _Process, case: _Case, effect: Effect, moment: str) -> None:
        death = Death(process.points[effect], moment)
        with self._lock:
            if death not in case.deaths:
                return
            case.deaths.remove(death)
            process.is_dead = True
        raise ProcessDied(str(death))

    def _case_of(self, effect: Effect) -> str | None:
        """Return the case that the effect belongs to; ids that come together belong together."""
        owner = next((self._owners[i] for i in effect.ids if i in self._owners), None)
        if owner is not None:
            self._owners.update(dict.fromkeys(effect.ids, owner))
        return owner

    @staticmethod
    def _require_alive(process: _Process) -> None:
        if process.is_dead:
            raise ProcessDied(process.name)
