"""Every state, Catch and Choice of every workflow, run by moto's interpreter on scripted steps."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.adapters.aws_clients import make_client
from infra.aws.workflows import definitions, function_name, placeholders
from infra.local.aws import local_aws
from infra.local.interpreter import light_interpreter
from infra.local.lambda_functions import Functions, serve_functions
from infra.local.workflows import STATE_MACHINE_ARN_PREFIX, resolved, stop_executions
from tests.integration.workflows.scenarios import USUAL, all_scenarios, fast, states_of

SCENARIOS = all_scenarios()
DEADLINE_SECONDS = 100
AT_ONCE = 32
POLL_SECONDS = 0.5  # so many ask at once that it is a good part of the work
pytestmark = pytest.mark.timeout(600)
ROLE = "arn:aws:iam::123456789012:role/test"
NAMES = sorted({function_name(p) for text in definitions().values() for p in placeholders(text)})


class Scripts:
    """Steps that answer by the script of the execution that calls; the last answer repeats."""

    def __init__(self):
        self.scripts = {}
        self.calls = []
        self._lock = threading.Lock()

    def handler(self, name):
        def step(event, _context):
            with self._lock:
                self.calls.append((event["task_id"], name, event))
                results = self.scripts.get(event["task_id"], {}).get(name, [USUAL.get(name, {})])
                result = results.pop(0) if len(results) > 1 else results[0]
            if isinstance(result, str):
                raise type(result, (Exception,), {})(f"scripted {result}")
            return result

        return step


class Run:
    """What became of an execution."""

    def __init__(self, client, arn):
        self.status = client.describe_execution(executionArn=arn)["status"]
        pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
        events = [event for page in pages for event in page["events"]]
        self.entered = [
            event["stateEnteredEventDetails"]["name"]
            for event in events
            if "stateEnteredEventDetails" in event
        ]
        self.edges = set(zip(self.entered, self.entered[1:], strict=False))


@pytest.fixture(scope="module")
def scripts():
    return Scripts()


@pytest.fixture(scope="module")
def client(scripts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        functions = Functions({name: scripts.handler(name) for name in NAMES})
        with local_aws(), light_interpreter(), serve_functions(functions):
            client = make_client("stepfunctions")
            for name, definition in definitions().items():
                client.create_state_machine(
                    name=name, definition=fast(resolved(definition)), roleArn=ROLE
                )
            yield client
            assert stop_executions(10)


def start(client, scripts, name, workflow, script):
    scripts.scripts[name] = {function: list(results) for function, results in script.items()}
    return client.start_execution(
        stateMachineArn=STATE_MACHINE_ARN_PREFIX + workflow,
        name=name,
        input=json.dumps({"task_id": name}),
    )["executionArn"]


def ended(client, arn, deadline):
    while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
        assert time.monotonic() < deadline, f"{arn} does not end"
        time.sleep(POLL_SECONDS)
    return Run(client, arn)


@pytest.fixture(scope="module")
def runs(client, scripts):
    """Run the scenarios side by side: they mostly wait for their retries."""

    def run(one):
        arn = start(client, scripts, one.name, one.workflow, one.script)
        return ended(client, arn, time.monotonic() + DEADLINE_SECONDS)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip([one.name for one in SCENARIOS], pool.map(run, SCENARIOS), strict=True))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_the_edge_is_taken_and_the_workflow_ends_well(runs, scenario):
    run = runs[scenario.name]
    assert scenario.edge in run.edges, run.entered
    assert run.status == "SUCCEEDED"


@pytest.mark.parametrize("workflow", sorted(definitions()))
def test_every_state_is_entered(runs, workflow):
    states = {name for name, _state in states_of(json.loads(definitions()[workflow]))}
    entered = {
        name for one in SCENARIOS if one.workflow == workflow for name in runs[one.name].entered
    }
    assert entered == states


@pytest.mark.usefixtures("runs")
def test_steps_see_the_error_that_was_caught(scripts):
    errors = [event["error"] for _task, name, event in scripts.calls if name == "record_failure"]
    assert errors
    assert {error["Error"] for error in errors} <= {"ServerFailed", "Unforeseen"}
    assert all("errorMessage" in json.loads(error["Cause"]) for error in errors)


def test_a_transient_error_is_retried(client, scripts):
    script = {"ensure_server": ["LeaseHeld", {}]}
    arn = start(client, scripts, "retried", "request", script)
    run = ended(client, arn, time.monotonic() + DEADLINE_SECONDS)
    assert run.entered[-1] == "CloseTask"
    assert ("CheckReady", "IsReady") in run.edges
    calls = [name for task, name, _event in scripts.calls if task == "retried"]
    assert calls.count("ensure_server") == 2


def test_one_branch_parks_and_its_sibling_ends(client, scripts):
    script = {
        "prepare_request": [{"resource_ids": ["r1", "r2"]}],
        "ensure_network": ["CloudCredentialsRefused", {}],
    }
    arn = start(client, scripts, "siblings", "request", script)
    run = ended(client, arn, time.monotonic() + DEADLINE_SECONDS)
    assert run.status == "SUCCEEDED"
    assert run.entered.count("ResourceParked") == 1
    assert run.entered.count("IsReady") == 1
    assert run.entered[-1] == "CloseTask"


def test_a_task_without_resources_is_closed_at_once(client, scripts):
    script = {"prepare_release": [{"resource_ids": []}]}
    arn = start(client, scripts, "empty", "release", script)
    run = ended(client, arn, time.monotonic() + DEADLINE_SECONDS)
    assert run.entered == ["PrepareRelease", "RemoveEachResource", "CloseTask"]
