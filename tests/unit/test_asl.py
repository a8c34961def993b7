"""The workflows' definitions: valid, inside the subset that AWS and moto share, and wired right."""

from __future__ import annotations

import inspect
import json
import re

import pytest
from statelint.linter import Linter

from app import app
from chalicelib.domain import errors
from chalicelib.domain.ids import IdKind, derived_uuid, make_id
from chalicelib.domain.tasks import Task
from chalicelib.services.acceptance import WORKFLOWS, execution_name
from infra.aws.workflows import definitions, function_name, placeholders

WORKFLOW_NAMES = sorted(definitions())
STATE_TYPES = {"Task", "Map", "Choice", "Wait", "Succeed", "Fail", "Pass"}
RESOURCE = "arn:aws:states:::lambda:invoke"
PAYLOAD_FIELDS = {"task_id.$", "resource_id.$", "error.$"}
UNPORTABLE = re.compile(r'"(Assign|QueryLanguage|Output|Arguments|Credentials)"|\{%|CausePath')
SERVICE_ERRORS = re.compile(r"(States|Lambda)\.[A-Za-z]+")
OWN_ERRORS = {name for name, _kind in inspect.getmembers(errors, inspect.isclass)}


def load(name):
    return json.loads(definitions()[name])


def states_of(machine):
    """Yield (name, state) of a machine and of the machines inside its Map states."""
    for name, state in machine["States"].items():
        yield name, state
        if state["Type"] == "Map":
            yield from states_of(state["ItemProcessor"])


def all_states(*types):
    return [
        pytest.param(state, id=f"{workflow}-{name}")
        for workflow in WORKFLOW_NAMES
        for name, state in states_of(load(workflow))
        if not types or state["Type"] in types
    ]


def test_every_action_has_a_workflow_and_every_workflow_an_action():
    assert sorted(WORKFLOWS.values()) == WORKFLOW_NAMES


@pytest.mark.parametrize("workflow", WORKFLOW_NAMES)
def test_statelint_finds_nothing(workflow):
    assert Linter.validate(load(workflow)) == []


@pytest.mark.parametrize("workflow", WORKFLOW_NAMES)
def test_the_machine_is_bounded_and_portable(workflow):
    text = definitions()[workflow]
    assert load(workflow)["TimeoutSeconds"] > 0
    assert not UNPORTABLE.search(text)
    assert '"Payload.$"' not in text


@pytest.mark.parametrize("workflow", WORKFLOW_NAMES)
def test_every_placeholder_names_a_function(workflow):
    text = definitions()[workflow]
    named = placeholders(text)
    assert named
    assert text.count("${") == sum(text.count(f"${{{name}FunctionArn}}") for name in named)
    assert {function_name(name) for name in named} <= set(app.handler_map)


@pytest.mark.parametrize("state", all_states())
def test_state_types_are_in_the_subset(state):
    assert state["Type"] in STATE_TYPES


@pytest.mark.parametrize("state", all_states("Task"))
def test_tasks_are_bounded_retried_and_caught(state):
    assert state["Resource"] == RESOURCE
    assert 0 < state["TimeoutSeconds"] <= 60
    assert state["Retry"]
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    for retrier in state["Retry"]:
        assert isinstance(retrier["BackoffRate"], float)
        assert retrier["MaxAttempts"] > 0
        assert retrier["MaxDelaySeconds"] > 0
        assert retrier["JitterStrategy"] == "FULL"
        assert "States.ALL" not in retrier["ErrorEquals"]
    for catcher in state["Catch"]:
        assert catcher["ResultPath"] == "$.error"


@pytest.mark.parametrize("state", all_states("Task"))
def test_steps_get_identifiers_and_the_error_only(state):
    assert set(state["Parameters"]) == {"FunctionName", "Payload"}
    assert set(state["Parameters"]["Payload"]) <= PAYLOAD_FIELDS
    for field, path in state["Parameters"]["Payload"].items():
        assert path == f"$.{field.removesuffix('.$')}"


@pytest.mark.parametrize("state", all_states("Task"))
def test_error_names_exist(state):
    for rule in (*state["Retry"], *state["Catch"]):
        for name in rule["ErrorEquals"]:
            assert name in OWN_ERRORS or SERVICE_ERRORS.fullmatch(name), name


# Where an error leads: (parked until the reconciler resumes, ordered away, failed for good).
ERROR_EXITS = {
    "request": ("ParkResource", "ReleaseLinks", "RecordFailure"),
    "reset": ("ParkResource", "ResetEnded", "EndFailedReset"),
}
CHOICES = {
    "IsServerActive": ("active", "EnsurePublicAddress", "WaitForServer", "CheckServer"),
    "IsReady": ("ready", "ResourceUp", "WaitForGuest", "CheckReady"),
    "IsServerGone": ("gone", "RemoveNetwork", "WaitForServerGone", "RemoveServer"),
    "IsNetworkGone": ("gone", "CloseResource", "WaitForNetworkGone", "RemoveNetwork"),
    "AreLinksActive": ("active", "CloseTask", "WaitForLinks", "ActivateLinks"),
    "IsBack": ("ready", "ResetEnded", "WaitForReboot", "CheckReboot"),
}


@pytest.mark.parametrize("workflow", WORKFLOW_NAMES)
def test_errors_lead_where_they_should(workflow):
    for name, state in states_of(load(workflow)):
        if state["Type"] != "Task":
            continue
        exits = {error: rule["Next"] for rule in state["Catch"] for error in rule["ErrorEquals"]}
        if len(state["Catch"]) > 1:
            parked, ordered_away, failed = ERROR_EXITS[workflow]
            assert exits["ReleaseRequested"] == ordered_away, name
            assert exits["States.ALL"] == failed, name
            for error in (
                "LeaseHeld", "CloudUnreachable", "CloudCredentialsRefused", "SiteUnreachable",
            ):  # fmt: skip
                assert exits[error] == parked, name
        else:
            ends = {"ParkResource": "ResourceParked", "ParkTask": "Parked"}
            is_outer = name in load(workflow)["States"]
            usual = "ParkTask" if is_outer else "ParkResource"
            assert exits == {"States.ALL": ends.get(name, usual)}, name


@pytest.mark.parametrize("workflow", WORKFLOW_NAMES)
def test_choices_lead_where_they_should(workflow):
    states = dict(states_of(load(workflow)))
    for name, state in states.items():
        if state["Type"] == "Choice":
            (rule,) = state["Choices"]
            value, then, otherwise, again = CHOICES[name]
            assert (rule["And"][1]["StringEquals"], rule["Next"]) == (value, then)
            assert (state["Default"], states[otherwise]["Next"]) == (otherwise, again)


@pytest.mark.parametrize("state", all_states("Choice"))
def test_choices_have_a_default_and_guard_their_variable(state):
    assert state["Default"]
    for rule in state["Choices"]:
        guard, *comparisons = rule["And"]
        assert guard["IsPresent"] is True
        assert {one["Variable"] for one in comparisons} == {guard["Variable"]}


@pytest.mark.parametrize("state", all_states("Wait"))
def test_waits_read_what_the_step_said(state):
    assert state["SecondsPath"] == "$.look.wait_seconds"


def test_execution_names_fit():
    value = derived_uuid("request", "exp_a_b", "id")
    task_id = make_id(IdKind.TASK, "x" * 30, value)
    fields = dict.fromkeys(Task.__dataclass_fields__)
    name = execution_name(Task(**{**fields, "id": task_id, "executions": 10**9}))
    assert len(name) <= 80
    assert re.fullmatch(r"[A-Za-z0-9_-]+", name)
