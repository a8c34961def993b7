"""A process dies before or after each of its effects: nothing is doubled, orphaned or lost."""

from __future__ import annotations

import pytest

from tests.faults.scenarios import EXPIRY, LOSS, RELEASE, REQUEST, RESET
from tests.faults.trials import Trials

# In this order: each goes on with the VMs that the ones before it left.
_SCENARIOS = (REQUEST, RESET, EXPIRY, LOSS, RELEASE)
# So that a discovery that finds nothing does not pass for a proof.
_LEAST_CASES = {"request": 60, "reset": 20, "expiry": 6, "loss": 6, "release": 36}

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def outcomes(world):
    trials = Trials(world)
    return {scenario.name: trials.one_death_each(scenario) for scenario in _SCENARIOS}


@pytest.mark.parametrize("name", list(_LEAST_CASES))
def test_one_death_does_no_harm(outcomes, name):
    assert not outcomes[name].wrong, "\n".join(outcomes[name].wrong)
    assert outcomes[name].cases >= _LEAST_CASES[name]


def test_nothing_is_left_in_the_cloud(outcomes, world):
    assert all(not outcome.wrong for outcome in outcomes.values())
    live = {resource.id for resource in world.stored.resources.live()}
    servers = world.stack.simulator.snapshot().servers
    assert {server["metadata"]["resource_id"] for server in servers} == live
