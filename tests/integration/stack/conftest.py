"""One stack per module, its waits shortened; each test works in experiments of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from infra.local.stack import LocalStack, StackOptions
from tests.integration.stack.client import Experiment, experiments, wait_until
from tests.integration.stack.rights import recorded, without_right

VARIABLES = {
    "POLL_SECONDS": "1",
    "PARK_SECONDS": "1",
    "LEASE_SECONDS": "10",
    "STALL_SECONDS": "20",
    "QUOTA_INSTANCES": "6",
    "LOCAL_SECONDS_RECONCILE": "1",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    state = tmp_path_factory.mktemp("stack")
    options = StackOptions(state=state, boot_seconds=0.3, variables=VARIABLES)
    with recorded() as calls, LocalStack(options) as stack:
        yield stack
    assert without_right(calls) == []


@pytest.fixture
def simulator(stack: LocalStack):
    return stack.simulator


@pytest.fixture
def functions(stack: LocalStack):
    yield stack.functions
    stack.functions.interceptors.clear()


@pytest.fixture
def new_experiment(stack: LocalStack) -> Iterator[Callable[[], Experiment]]:
    with experiments(stack) as make:
        yield make
        stack.simulator.faults.clear()
    wait_until(lambda: not any(stack.simulator.snapshot()), "an empty cloud after the test")


@pytest.fixture
def experiment(new_experiment: Callable[[], Experiment]) -> Experiment:
    return new_experiment()
