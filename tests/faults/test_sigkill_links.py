"""Steps, and the agents themselves, get a real SIGKILL in the life of a QKD link."""

from __future__ import annotations

import logging
import signal
import threading
from contextlib import contextmanager

import pytest

from chalicelib import bootstrap
from chalicelib.domain.errors import SiteError
from infra.local.qkd import QKDLab
from infra.local.stack import LocalStack, StackOptions
from tests.faults.dynamodb_door import dynamodb_door
from tests.faults.killing import answer_of, run_step
from tests.faults.reaper import SandboxKilled
from tests.integration.stack.client import experiments, wait_until
from tests.integration.stack.test_links import fetch, nothing_left, up_pair

pytestmark = pytest.mark.timeout(300)
_PATIENCE = 150
_VARIABLES = {
    "POLL_SECONDS": "1",
    "PARK_SECONDS": "1",
    "LEASE_SECONDS": "10",
    "STALL_SECONDS": "20",
    "LOCAL_SECONDS_RECONCILE": "1",
    "LOCAL_SECONDS_TELEMETRY": "2",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    state = tmp_path_factory.mktemp("stack")
    if not QKDLab(state, state).can_run():
        pytest.skip("the QKD agents need what infra/onprem/requirements.in lists")
    logging.getLogger("chalicelib").setLevel(logging.CRITICAL)
    options = StackOptions(state=state, boot_seconds=0.3, variables=_VARIABLES, qkd=True)
    with LocalStack(options) as stack:
        yield stack
    logging.getLogger("chalicelib").setLevel(logging.NOTSET)


@pytest.fixture
def experiment(stack):
    with experiments(stack, patience_seconds=_PATIENCE) as make:
        yield make()
    wait_until(lambda: not any(stack.simulator.snapshot()), "an empty cloud", _PATIENCE)
    wait_until(nothing_left, "agents without anything of users", _PATIENCE)


@contextmanager
def intercepted(stack, around):
    stack.functions.interceptors.append(around)
    try:
        yield
    finally:
        stack.functions.interceptors.remove(around)


@contextmanager
def killed_at(stack, step, effect, moment, url):
    """Let the first process of this step that comes to the effect die there."""
    deaths = []

    def around(call, proceed):
        if call.name != step or deaths:
            return proceed()
        child = run_step(call, effect, moment, url)
        if child.returncode == -signal.SIGKILL:
            deaths.append(call)
            raise SandboxKilled(f"{step} was killed")
        # Not at this effect: the step of the other VM, or it was too early.
        return answer_of(child)

    with intercepted(stack, around):
        yield deaths


def keys_agree(stack):
    """Say whether both VMs get the same key."""
    first = fetch(stack, "a")
    assert first.returncode == 0, first.stderr
    key_id = first.stdout.partition('"key_ID": "')[2].partition('"')[0]
    return fetch(stack, "b", "--key-id", key_id).stdout == first.stdout


def ended(experiment, link_id):
    return wait_until(
        lambda: link if (link := experiment.ok("GET", f"/links/{link_id}"))["ended_at"] else None,
        f"the end of {link_id}",
        _PATIENCE,
    )


@pytest.mark.parametrize(
    ("step", "effect", "moment"),
    [
        ("reserve_links", "reserve at kme-a", "after"),
        ("ensure_server", "admit at kme-a", "after"),
    ],
)
def test_a_step_of_the_build_is_killed(stack, experiment, step, effect, moment):
    with dynamodb_door() as url, killed_at(stack, step, effect, moment, url) as deaths:
        accepted = up_pair(experiment)
    assert deaths
    link_id = accepted["links"][0]["id"]
    assert experiment.ok("GET", f"/links/{link_id}")["status"] == "active"
    for agent in bootstrap.qkd_agents().values():
        assert len(agent.reservations()) == len(agent.enrolled()) == 1
    assert keys_agree(stack)
    experiment.delete(accepted["task"]["resource_ids"][0])
    assert ended(experiment, link_id)["status"] == "released"
    assert nothing_left()


@pytest.mark.parametrize(
    ("effect", "moment"),
    [("release at kme-a", "after"), ("revoke at kme-b", "before")],
)
def test_a_step_of_the_release_is_killed(stack, experiment, effect, moment):
    accepted = up_pair(experiment)
    step = "release_task_links"
    with dynamodb_door() as url, killed_at(stack, step, effect, moment, url) as deaths:
        experiment.delete(accepted["task"]["resource_ids"][1])
        assert ended(experiment, accepted["links"][0]["id"])["status"] == "released"
    assert deaths
    assert nothing_left()


def test_a_reservation_that_a_delete_overtakes_is_taken_back(stack, experiment):
    """The step dies right after it, and the link is to go before the step comes again."""
    ordered = []

    def order_release(call, proceed):
        if call.name == "reserve_links" and deaths and not ordered:
            (link,) = bootstrap.backend().links.live()
            ordered.append(experiment.ok("DELETE", f"/links/{link.id}")["task"]["id"])
        return proceed()

    with (
        intercepted(stack, order_release),
        dynamodb_door() as url,
        killed_at(stack, "reserve_links", "reserve at kme-b", "after", url) as deaths,
    ):
        accepted = up_pair(experiment)
        assert experiment.closed_task(ordered[0])["status"] == "finished"
    assert ended(experiment, accepted["links"][0]["id"])["status"] == "released"
    assert nothing_left()


class KilledInTheMiddle:
    """An agent whose process dies while it does the first call of this method, and restarts."""

    def __init__(self, lab, name, inner, method):
        self._lab, self._name, self._inner, self._method = lab, name, inner, method
        self.deaths = 0

    def __getattr__(self, name):
        method = getattr(self._inner, name)
        if name != self._method or self.deaths:
            return method
        self.deaths += 1
        return lambda *arguments: self._call(method, arguments)

    def _call(self, method, arguments):
        outcome = []

        def ask():
            try:
                outcome.append((method(*arguments), None))
            except SiteError as error:
                outcome.append((None, error))

        asking = threading.Thread(target=ask)
        asking.start()
        self._lab.kill(self._name)
        asking.join()
        self._lab.restart()
        ((answer, error),) = outcome
        if error is not None:
            raise error
        return answer


@pytest.mark.parametrize("method", ["reserve", "admit", "revoke"])
def test_an_agent_is_killed_in_the_middle(stack, experiment, monkeypatch, method):
    agents = dict(bootstrap.qkd_agents())
    agents["kme-b"] = KilledInTheMiddle(stack.lab, "kme-b", agents["kme-b"], method)
    monkeypatch.setattr(bootstrap, "qkd_agents", lambda: agents)
    accepted = up_pair(experiment)
    assert keys_agree(stack)
    experiment.delete(accepted["task"]["resource_ids"][0])
    assert ended(experiment, accepted["links"][0]["id"])["status"] == "released"
    assert agents["kme-b"].deaths == 1
    assert nothing_left()
