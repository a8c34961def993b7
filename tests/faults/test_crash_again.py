"""Processes die while a failed build is cleaned up, twice in one life, and in the sweep."""

from __future__ import annotations

import random

import pytest

from tests.faults.scenarios import FAILURE, RELEASE, REQUEST, RESET
from tests.faults.trials import Trials

pytestmark = pytest.mark.timeout(400)
_SEED = 20261123
_PAIRS = 12


@pytest.fixture(scope="module")
def trials(world):
    return Trials(world)


def test_one_death_in_the_clean_up_of_a_failed_build(trials):
    outcome = trials.one_death_each(FAILURE)
    assert not outcome.wrong, "\n".join(outcome.wrong)
    assert outcome.cases >= 34


@pytest.mark.parametrize("scenario", [REQUEST, RELEASE], ids=lambda one: one.name)
def test_two_deaths(trials, scenario):
    outcome = trials.random_pairs(scenario, _PAIRS, random.Random(_SEED))
    assert not outcome.wrong, "\n".join(outcome.wrong)


@pytest.mark.parametrize("scenario", [REQUEST, RESET, RELEASE], ids=lambda one: one.name)
def test_a_death_in_the_sweep_that_repairs_a_death(trials, scenario):
    outcome = trials.deaths_in_sweep(scenario, f"{scenario.name} started")
    assert not outcome.wrong, "\n".join(outcome.wrong)
    assert outcome.cases >= 4
