"""Requests that meet: one wins, and the losers leave nothing."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from chalicelib import bootstrap
from chalicelib.services.reconcile import _release_expired
from infra.local.stack import LocalStack, StackOptions
from tests.integration.stack.client import Experiment, in_hours, wait_until

pytestmark = pytest.mark.timeout(200)

_VARIABLES = {"POLL_SECONDS": "1", "PARK_SECONDS": "1", "LEASE_SECONDS": "10"}
# Every state of the workflow in which a delete can come.
_BUILDING_STEPS = (
    "prepare_request",
    "ensure_network",
    "ensure_server",
    "check_server",
    "ensure_public_address",
    "check_ready",
    "close_task",
)
_AT_ONCE = 16


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    options = StackOptions(
        state=tmp_path_factory.mktemp("races"), boot_seconds=0.5, variables=_VARIABLES
    )
    with LocalStack(options) as stack:
        yield stack


@pytest.fixture
def simulator(stack):
    yield stack.simulator
    wait_until(lambda: not any(stack.simulator.snapshot()), "an empty cloud after the test")


@pytest.fixture
def experiment(stack, simulator):  # noqa: ARG001 - is emptied before the next test
    name = uuid.uuid4().hex[:8]
    experiment = Experiment(stack, f"experiment-{name}", f"project-{name}")
    yield experiment
    experiment.delete_all()


def in_parallel(*calls):
    """Make calls at the same time and return their results in order."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def test_of_parallel_requests_for_one_name_one_wins(experiment, simulator):
    answers = in_parallel(*[lambda: experiment.request("same")] * 12)
    assert sorted({answer.status for answer in answers}) == [200, 409]
    (won,) = [answer for answer in answers if answer.status == 200]
    assert experiment.closed_task(won.body["task"]["id"])["status"] == "finished"
    assert len(experiment.listed()) == len(simulator.snapshot().servers) == 1
    assert experiment.ok("GET", "/quota")["used"]["instances"] == 1


def test_a_request_id_answers_for_one_body_only(experiment):
    request_id, expires_at = str(uuid.uuid4()), in_hours(1)
    answers = in_parallel(
        *[
            lambda name=name: experiment.request(name, request_id=request_id, expires_at=expires_at)
            for name in ("one", "two") * 6
        ]
    )
    accepted = {answer.text for answer in answers if answer.status == 200}
    assert len(accepted) == 1
    assert {answer.status for answer in answers} == {200, 422}
    assert len(experiment.listed()) == 1


def test_parallel_deletes_are_one(experiment, simulator):
    (vm,) = experiment.up("vm")
    answers = in_parallel(*[lambda: experiment.call("DELETE", f"/resources/{vm['id']}")] * 12)
    assert {answer.status for answer in answers} == {200}
    (task_id,) = {answer.body["task"]["id"] for answer in answers}
    assert experiment.closed_task(task_id)["status"] == "finished"
    deletes = [r for r in simulator.requests if r.method == "DELETE" and vm_server(r)]
    assert len([r for r in deletes if r.path.endswith(server_of(vm["id"]))]) == 1


def vm_server(request):
    return "/servers/" in request.path


def server_of(resource_id):
    resource = bootstrap.backend().resources.get(resource_id)
    return resource.server_id


@pytest.mark.parametrize("step", _BUILDING_STEPS)
def test_a_delete_at_any_moment_of_a_create_wins(experiment, stack, simulator, step):
    ordered = []

    def delete_first(call, proceed):
        if call.name == step and not ordered:
            (vm,) = experiment.listed()
            ordered.append(experiment.ok("DELETE", f"/resources/{vm['id']}")["task"]["id"])
        return proceed()

    stack.functions.interceptors.append(delete_first)
    try:
        body = experiment.accepted("vm", public_ipv4=True)
        created = experiment.closed_task(body["task"]["id"])
        assert experiment.closed_task(ordered[0])["status"] == "finished"
    finally:
        stack.functions.interceptors.remove(delete_first)
    assert created["status"] == "failed"
    assert "deleted before" in created["failure_reason"]
    ended = experiment.resource(body["resources"][0]["id"])
    assert (ended["status"], ended["failure_reason"]) == ("terminated", None)
    assert experiment.ok("GET", "/quota")["used"]["instances"] == 0
    assert not any(simulator.snapshot())


def test_a_delete_beats_a_reset(experiment):
    (vm,) = experiment.up("vm")
    path = f"/resources/{vm['id']}"
    reset, deleted = in_parallel(
        lambda: experiment.call("POST", f"{path}/reset"), lambda: experiment.ok("DELETE", path)
    )
    assert experiment.closed_task(deleted["task"]["id"])["status"] == "finished"
    assert reset.status in {200, 409}
    if reset.status == 200:
        assert experiment.closed_task(reset.body["task"]["id"])["status"] == "failed"
    assert experiment.resource(vm["id"])["status"] == "terminated"


class ExtendedMeanwhile:
    """A store that lists a resource as it was before its extension, as a slow sweep sees it."""

    def __init__(self, resources, extend):
        self._resources = resources
        self._extend = extend

    def __getattr__(self, name):
        return getattr(self._resources, name)

    def live(self):
        listed = list(self._resources.live())
        self._extend()
        return iter(listed)


def test_an_extension_that_was_granted_is_kept(experiment):
    (vm,) = experiment.up("vm")
    backend = bootstrap.backend()
    extensions = []

    def extend():
        body = {"expires_at": in_hours(3)}
        extensions.append(experiment.call("POST", f"/resources/{vm['id']}/extend", body))

    backend.resources.change(vm["id"], lambda one: replace(one, expires_at=backend.clock()))
    late = replace(backend, resources=ExtendedMeanwhile(backend.resources, extend))
    _release_expired(late)
    if extensions[0].status == 200:
        resource = experiment.resource(vm["id"])
        assert (resource["status"], resource["expires_at"]) == (
            "up",
            extensions[0].body["expires_at"],
        )
    else:
        # The schedule's own sweep was faster.
        assert experiment.with_status(vm["id"], "terminated")["failure_reason"] is None
