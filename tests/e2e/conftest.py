"""One stack and one browser for all tests; each works in an experiment of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: run `make e2e`")

from playwright.sync_api import Browser, Page, expect, sync_playwright

from infra.local.qkd import QKDLab
from infra.local.stack import LocalStack, StackOptions
from tests.e2e.browser import CHROMIUM, DEADLINE_MS, launch, new_page
from tests.e2e.lab import emulator_faults, end_fault, is_reached
from tests.e2e.user import User
from tests.integration.stack.client import Experiment, wait_until

VARIABLES = {
    "POLL_SECONDS": "1",
    "PARK_SECONDS": "1",
    "LEASE_SECONDS": "10",
    "STALL_SECONDS": "20",
    "QUOTA_INSTANCES": "6",
    "LOCAL_SECONDS_RECONCILE": "1",
    "LOCAL_SECONDS_TELEMETRY": "1",
}
TEST_SECONDS = 600
_HERE = Path(__file__).parent
_numbers = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this directory, so that `make test` leaves them out."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker("e2e")
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    state = tmp_path_factory.mktemp("stack")
    options = StackOptions(state=state, boot_seconds=0.3, variables=VARIABLES, qkd=True)
    with LocalStack(options) as stack:
        yield stack


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "no chromium here: apt-get install chromium"
    expect.set_options(timeout=DEADLINE_MS)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def lab(stack: LocalStack) -> Iterator[QKDLab]:
    """The two agents; they run again, without faults, after each test."""
    if stack.lab is None:
        pytest.skip("the QKD agents need what infra/onprem/requirements.in lists")
    yield stack.lab
    stack.lab.restart()
    # The backend leaves an agent alone for a while that was away.
    wait_until(is_reached, "the agents to be asked again")
    for fault in emulator_faults():
        end_fault(fault)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with new_page(browser) as page:
        yield page


@pytest.fixture
def experiment(stack: LocalStack) -> Iterator[Experiment]:
    number = next(_numbers)
    experiment = Experiment(stack, f"browser-{number}", f"browser-project-{number}")
    yield experiment
    stack.simulator.faults.clear()
    experiment.delete_all()
    wait_until(lambda: not any(stack.simulator.snapshot()), "an empty cloud after the test")


@pytest.fixture
def user(page: Page, stack: LocalStack, experiment: Experiment) -> User:
    return User(page, stack.addresses.api_url, experiment.user_token, experiment.token)
