"""A process dies before or after each of its effects: nothing is doubled, orphaned or lost."""

from __future__ import annotations

import pytest

from chalicelib.domain.statuses import ResourceStatus
from tests.faults.reaper import Death, Point
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.waiting import wait_until
from tests.faults.world import World, at_once

_MOMENTS = ("before", "after")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", list(SCENARIOS))
def test_one_death(world, name, record_property):
    scenario = SCENARIOS[name]
    points = discover(world, scenario)
    cases = [(Death(point, moment),) for point in points for moment in _MOMENTS]
    record_property("cases", len(cases))
    print(name, len(cases), *points, sep="\n ")
    failures = run_cases(world, scenario, cases)
    assert not failures, "\n".join(failures)


def discover(world: World, scenario: Scenario) -> list[Point]:
    """Live once without a death and return where one is possible."""
    life = world.new_life()
    wrong = run(world, scenario, life, ())
    assert not wrong, wrong
    return world.reaper.points(life.experiment_id)


def run_cases(world: World, scenario: Scenario, cases: list[tuple[Death, ...]]) -> list[str]:
    def case(deaths: tuple[Death, ...]) -> list[str]:
        name = " and ".join(str(death) for death in deaths)
        return [f"{name}: {what}" for what in run(world, scenario, world.new_life(), deaths)]

    results = at_once([lambda deaths=deaths: case(deaths) for deaths in cases])
    return [line for lines in results for line in lines]


def run(world: World, scenario: Scenario, life, deaths: tuple[Death, ...]) -> list[str]:
    scenario.prepare(world, life)
    world.reaper.arm(life.experiment_id, *deaths)
    scenario.act(world, life)
    wrong = at_end(world, scenario, life)
    wrong += [f"not reached: {death}" for death in world.reaper.unreached(life.experiment_id)]
    return wrong


def at_end(world, scenario, life):
    try:
        wait_until(
            lambda: life.resource and life.resource.status is scenario.expected,
            f"{scenario.expected}",
        )
    except TimeoutError as error:
        return [str(error), *world.violations(life, scenario.expected)]
    return world.at_rest(life, scenario.expected)
