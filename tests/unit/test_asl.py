"""The workflows' definitions: valid, inside the subset that AWS and moto share, and wired right."""

from __future__ import annotations

import copy
import json
import re

import pytest
from statelint.linter import Linter

from app import app
from chalicelib.domain.ids import IdKind, derived_uuid, make_id
from chalicelib.domain.tasks import Task
from chalicelib.services.acceptance import WORKFLOWS, execution_name
from infra.aws.asl_subset import mistakes, states_of
from infra.aws.workflows import definitions, function_name, placeholders

WORKFLOW_NAMES = sorted(definitions())


def load(name):
    return json.loads(definitions()[name])


def test_every_action_has_a_workflow_and_every_workflow_an_action():
    assert sorted(WORKFLOWS.values()) == WORKFLOW_NAMES


@pytest.mark.parametrize("workflow", WORKFLOW_NAMES)
def test_statelint_finds_nothing(workflow):
    assert Linter.validate(load(workflow)) == []


@pytest.mark.parametrize("workflow", WORKFLOW_NAMES)
def test_it_keeps_to_the_subset(workflow):
    assert mistakes(load(workflow)) == []


def task_of(machine):
    return next(state for _, state in states_of(machine) if state["Type"] == "Task")


def state_of_type(machine, kind):
    return next(state for _, state in states_of(machine) if state["Type"] == kind)


DEVIATIONS = {
    "the machine has no TimeoutSeconds": lambda machine: machine.pop("TimeoutSeconds"),
    '"Assign" is not portable': lambda machine: task_of(machine).update(Assign={}),
    "type Parallel is outside the subset": lambda machine: machine["States"].update(
        Both={"Type": "Parallel"}
    ),
    "calls arn:aws:states:::http:invoke": lambda machine: task_of(machine).update(
        Resource="arn:aws:states:::http:invoke"
    ),
    "TimeoutSeconds must be 1 to 60": lambda machine: task_of(machine).update(TimeoutSeconds=61),
    "is not retried": lambda machine: task_of(machine).pop("Retry"),
    "its last catcher must take States.ALL": lambda machine: task_of(machine)["Catch"].pop(),
    "BackoffRate must be written as 2.0": lambda machine: task_of(machine)["Retry"][0].update(
        BackoffRate=2
    ),
    "must have MaxAttempts and MaxDelaySeconds": lambda machine: task_of(machine)["Retry"][0].pop(
        "MaxDelaySeconds"
    ),
    "JitterStrategy must be FULL": lambda machine: task_of(machine)["Retry"][0].pop(
        "JitterStrategy"
    ),
    "must not retry States.ALL": lambda machine: task_of(machine)["Retry"][0].update(
        ErrorEquals=["States.ALL"]
    ),
    "ResultPath must be $.error": lambda machine: task_of(machine)["Catch"][0].pop("ResultPath"),
    "Tyop is no error of ours": lambda machine: task_of(machine)["Retry"][0].update(
        ErrorEquals=["Tyop"]
    ),
    "Parameters must be FunctionName and Payload": lambda machine: task_of(machine)[
        "Parameters"
    ].update({"Payload.$": "$"}),
    "must not be handed token.$": lambda machine: task_of(machine)["Parameters"]["Payload"].update(
        {"token.$": "$.token"}
    ),
    "has no Default": lambda machine: state_of_type(machine, "Choice").pop("Default"),
    "must ask IsPresent first": lambda machine: state_of_type(machine, "Choice")["Choices"][0][
        "And"
    ].pop(0),
    "guards another variable": lambda machine: state_of_type(machine, "Choice")["Choices"][0][
        "And"
    ][0].update(Variable="$.other"),
    "must wait as long as its step said": lambda machine: state_of_type(machine, "Wait").update(
        SecondsPath="$.seconds"
    ),
}


@pytest.mark.parametrize("mistake", DEVIATIONS)
def test_what_is_outside_the_subset_is_found_out(mistake):
    machine = copy.deepcopy(load("request"))
    DEVIATIONS[mistake](machine)
    assert any(mistake in one for one in mistakes(machine)), mistakes(machine)


@pytest.mark.parametrize("workflow", WORKFLOW_NAMES)
def test_every_placeholder_names_a_function(workflow):
    text = definitions()[workflow]
    named = placeholders(text)
    assert named
    assert text.count("${") == sum(text.count(f"${{{name}FunctionArn}}") for name in named)
    assert {function_name(name) for name in named} <= set(app.handler_map)


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
    "AreLinksReleased": ("released", "CloseTask", "WaitForOthers", "ReleaseTaskLinks"),
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


def test_execution_names_fit():
    value = derived_uuid("request", "exp_a_b", "id")
    task_id = make_id(IdKind.TASK, "x" * 30, value)
    fields = dict.fromkeys(Task.__struct_fields__)
    name = execution_name(Task(**{**fields, "id": task_id, "executions": 10**9}))
    assert len(name) <= 80
    assert re.fullmatch(r"[A-Za-z0-9_-]+", name)
