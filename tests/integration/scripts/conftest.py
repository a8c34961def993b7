"""One stack for all tests of the script; each test works in an experiment of its own."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local.simulator import Simulator
from infra.local.stack import LocalStack, StackOptions
from tests.integration.scripts.runner import Run, Script
from tests.integration.stack.client import Experiment, wait_until

VARIABLES = {"POLL_SECONDS": "1", "PARK_SECONDS": "1", "LEASE_SECONDS": "10"}
_numbers = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def _needs_curl_and_jq():
    for tool in ("curl", "jq"):
        if shutil.which(tool) is None:
            pytest.skip(f"the script needs {tool}")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory):
    state = tmp_path_factory.mktemp("stack")
    with LocalStack(StackOptions(state=state, boot_seconds=0.2, variables=VARIABLES)) as stack:
        yield stack


@pytest.fixture
def simulator(stack: LocalStack):
    yield stack.simulator
    stack.simulator.faults.clear()
    wait_until(lambda: not any(stack.simulator.snapshot()), "an empty cloud after the test")


@pytest.fixture
def experiment(stack: LocalStack, simulator: Simulator):
    del simulator  # to be emptied after the experiment
    number = next(_numbers)
    experiment = Experiment(stack, f"scripted-{number}", "demo")
    yield experiment
    experiment.delete_all()


@pytest.fixture
def script(stack: LocalStack, tmp_path: Path) -> Script:
    """The script as a user of the local stack runs it, without a terminal."""
    script = Script(tmp_path)
    script.environment |= {
        "SLICES_BI_URL": stack.addresses.api_url,
        "SLICES_ISSUER_URL": stack.addresses.issuer_url,
        "SLICES_STACK_FILE": str(tmp_path / "no-stack.json"),
    }
    return script


@pytest.fixture
def ask(script: Script, experiment: Experiment) -> Callable[..., Run]:
    """Run it for this test's experiment."""
    return lambda *arguments: script.run(experiment.name, *arguments)
