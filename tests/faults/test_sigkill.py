"""Steps in processes of their own get a real SIGKILL, as a function is stopped at its timeout."""

from __future__ import annotations

import pytest

from chalicelib import bootstrap
from tests.faults.dynamodb_door import dynamodb_door
from tests.faults.killing import KillingFunctions
from tests.faults.reaper import Death, Point
from tests.faults.scenarios import RELEASE, REQUEST
from tests.faults.trials import Trials
from tests.faults.world import World, alive

pytestmark = pytest.mark.timeout(200)


@pytest.fixture(scope="module")
def trials(stack):
    world = World(stack, bootstrap.backend(), stack.simulator.snapshot)
    with dynamodb_door() as url, alive(world, KillingFunctions(world, url).around):
        yield Trials(world)


@pytest.mark.parametrize(
    ("scenario", "kills"),
    [
        (
            REQUEST,
            [
                ("ensure_network", "port 0 created", "after"),
                ("ensure_server", "server created", "before"),
                ("ensure_server", "server created", "after"),
                ("ensure_public_address", "floating ip created", "after"),
            ],
        ),
        (
            RELEASE,
            [
                ("remove_server", "server deleted", "after"),
                ("remove_network", "port deleted", "before"),
            ],
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_killed_step_does_no_harm(trials, scenario, kills):
    cases = [(Death(Point(step, effect, 1), moment),) for step, effect, moment in kills]
    outcome = trials.run(scenario, cases)
    assert not outcome.wrong, "\n".join(outcome.wrong)
