"""Try cases on a world: find where processes may die, and let them die there."""

from __future__ import annotations

import queue
import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from chalicelib.domain.statuses import ResourceStatus
from tests.faults.life import RICH, Life
from tests.faults.reaper import API, Death, Point
from tests.faults.scenarios import RECONCILE, REQUEST, Scenario
from tests.faults.world import World

AT_ONCE = 16
_MOMENTS = ("before", "after")
# Some effects depend on how fast the cloud was just then, as a status that passes.
_TRIES = 8


@dataclass(slots=True)
class Outcome:
    """How many cases of a scenario were tried, and what was wrong in which."""

    cases: int = 0
    wrong: list[str] = field(default_factory=list)


class Trials:
    """Tries scenarios; VMs that are up after one scenario serve the next."""

    def __init__(self, world: World, at_once: int = AT_ONCE) -> None:
        self._world = world
        self._at_once = at_once
        self._up: queue.SimpleQueue[Life] = queue.SimpleQueue()

    def one_death_each(self, scenario: Scenario) -> Outcome:
        """Let a process die before and after each effect, one per life."""
        return self.run(scenario, [(death,) for death in self.deaths(scenario)])

    def random_pairs(self, scenario: Scenario, count: int, chance: random.Random) -> Outcome:
        """Let processes die at two effects of one life."""
        deaths = self.deaths(scenario)
        return self.run(scenario, [tuple(chance.sample(deaths, 2)) for _ in range(count)])

    def deaths_in_sweep(self, scenario: Scenario, effect: str) -> Outcome:
        """Let the API die before it starts the workflow, and then the sweep that repairs that."""
        first = Death(Point(API, effect, 1), "before")
        found = [point for point in self.points(scenario, first) if point.process == RECONCILE]
        return self.run(scenario, [(first, Death(p, moment)) for p in found for moment in _MOMENTS])

    def deaths(self, scenario: Scenario) -> list[Death]:
        """Return each single death that the scenario covers."""
        points = [point for point in self.points(scenario) if scenario.covers(point)]
        return [Death(point, moment) for point in points for moment in _MOMENTS]

    def points(self, scenario: Scenario, *deaths: Death) -> list[Point]:
        """Live once, with no other deaths, and return where processes could have died."""
        life = self._begun(scenario)
        wrong = self._live(scenario, life, deaths)
        assert not wrong, wrong
        points = self._world.reaper.points(life.experiment_id)
        return [point for point in points if not point.effect.endswith(" watched")]

    def run(self, scenario: Scenario, cases: Iterable[tuple[Death, ...]]) -> Outcome:
        """Try each case on a VM of its own, some at a time."""
        outcome = Outcome()
        with ThreadPoolExecutor(self._at_once) as pool:
            for wrong in pool.map(lambda deaths: self._try(scenario, deaths), cases):
                outcome.cases += 1
                outcome.wrong += wrong
        return outcome

    def begun(self, scenario: Scenario, count: int) -> list[Life]:
        """Return lives to which the scenario can happen."""
        with ThreadPoolExecutor(self._at_once) as pool:
            return list(pool.map(lambda _: self._begun(scenario), range(count)))

    def live_all(self, scenario: Scenario, lives: list[Life]) -> list[str]:
        """Let the scenario happen to all of them at once; return what is wrong in the end."""
        with ThreadPoolExecutor(self._at_once) as pool:
            results = list(pool.map(lambda life: self._live(scenario, life, ()), lives))
        return [line for wrong in results for line in wrong]

    def _try(self, scenario: Scenario, deaths: tuple[Death, ...]) -> list[str]:
        for _ in range(_TRIES):
            life = self._begun(scenario)
            wrong = self._live(scenario, life, deaths)
            missed: list[Death] = self._world.reaper.unreached(life.experiment_id)
            # A first death can take the process away in which the second would have come.
            if wrong or len(missed) < len(deaths):
                break
        else:
            wrong = [f"never came: {', '.join(map(str, missed))}"]
        return [f"{scenario.name}, {', '.join(map(str, deaths))}: {line}" for line in wrong]

    def _begun(self, scenario: Scenario) -> Life:
        if not scenario.is_up:
            return self._world.new_life()
        try:
            return self._up.get_nowait()
        except queue.Empty:
            life = self._world.new_life()
            life.request(RICH)
            wrong = self._world.at_rest(life, ResourceStatus.UP)
            assert not wrong, wrong
            return life

    def _live(self, scenario: Scenario, life: Life, deaths: tuple[Death, ...]) -> list[str]:
        self._world.reaper.arm(life.experiment_id, *deaths)
        scenario.act(self._world, life)
        wrong = self._world.at_rest(life, scenario.expected)
        if not wrong and scenario.expected is REQUEST.expected:
            self._up.put(life)
        return wrong
