"""OpenStack acts and its answer is lost, or fails in the middle: nothing is doubled or orphaned."""

from __future__ import annotations

import pytest

from infra.local.simulator import Effect, Fault
from tests.faults.scenarios import RELEASE, REQUEST, RESET
from tests.faults.trials import Trials

pytestmark = pytest.mark.timeout(200)

_EFFECTS = (Effect.DROP_BEFORE, Effect.DROP_AFTER, Effect.STATUS_AFTER, Effect.GARBAGE)
_CALLS = [
    (REQUEST, "POST", "/servers$"),
    (REQUEST, "POST", "/ports$"),
    (REQUEST, "POST", "/floatingips$"),
    (RESET, "POST", "/servers/[^/]+/action$"),
    (RELEASE, "DELETE", "/servers/"),
    (RELEASE, "DELETE", "/ports/"),
    (RELEASE, "DELETE", "/floatingips/"),
]


@pytest.mark.parametrize(
    ("scenario", "method", "path"), _CALLS, ids=[f"{m} {p}" for _, m, p in _CALLS]
)
def test_lost_answers_do_no_harm(world, scenario, method, path):
    """As many lives as faults, at once: each fault hits some life."""
    trials = Trials(world)
    lives = trials.begun(scenario, len(_EFFECTS))
    faults = [
        world.stack.simulator.faults.add(Fault(effect, method, path, status=503))
        for effect in _EFFECTS
    ]
    wrong = trials.live_all(scenario, lives)
    assert [fault.hits for fault in faults] == [1] * len(faults)
    assert not wrong, wrong
