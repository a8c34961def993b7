"""Every edge of every workflow, and the scripted step results that lead over it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.aws.workflows import definitions

# What a step answers unless a scenario says otherwise.
USUAL: dict[str, Any] = {
    "prepare_request": {"resource_ids": ["r"]},
    "prepare_release": {"resource_ids": ["r"]},
    "prepare_reset": {"resource_ids": ["r"]},
    "check_server": {"state": "active", "wait_seconds": 0},
    "check_ready": {"state": "ready", "wait_seconds": 0},
    "check_reboot": {"state": "ready", "wait_seconds": 0},
    "activate_links": {"state": "active", "wait_seconds": 0},
    "release_task_links": {"state": "released", "wait_seconds": 0},
    "remove_server": {"state": "gone", "wait_seconds": 0},
    "remove_network": {"state": "gone", "wait_seconds": 0},
}
NOT_YET = {"state": "not yet", "wait_seconds": 0}

# How a state that is not on the straight way is reached: what the first steps raise.
_DETOURS: dict[str, dict[str, str]] = {
    "request": {
        "RecordFailure": "ServerFailed",
        "ReleaseLinks": "ReleaseRequested",
        "RemoveServer": "ReleaseRequested",
        "IsServerGone": "ReleaseRequested",
        "RemoveNetwork": "ReleaseRequested",
        "IsNetworkGone": "ReleaseRequested",
        "CloseResource": "ReleaseRequested",
        "ParkResource": "CloudCredentialsRefused",
    },
    "release": {"ParkResource": "Unforeseen"},
    "release_link": {},
    "reset": {"EndFailedReset": "ServerFailed", "ParkResource": "CloudCredentialsRefused"},
}
_FIRST_STEP = {
    "request": "reserve_links",
    "release": "release_links",
    "reset": "reboot_server",
}
# What a workflow calls first of all.
_ALWAYS_CALLED = {
    "request": "prepare_request",
    "release": "prepare_release",
    "reset": "prepare_reset",
    "release_link": "release_task_links",
}
# The function whose answer each choice reads.
_ASKED = {
    "IsServerActive": "check_server",
    "IsReady": "check_ready",
    "IsServerGone": "remove_server",
    "IsNetworkGone": "remove_network",
    "IsBack": "check_reboot",
    "AreLinksActive": "activate_links",
    "AreLinksReleased": "release_task_links",
}


@dataclass(frozen=True)
class Scenario:
    """One way through a workflow: the results of its steps in turn, and the edge to be seen.

    A result that is a text is the name of the error to raise; the last result repeats.
    """

    name: str
    workflow: str
    edge: tuple[str, str]
    script: dict[str, list[Any]]


def fast(definition: str) -> str:
    """Return the definition with one retry at once in place of patient ones.

    No step is so slow that its time is up: on a busy machine, a step that is tried again for that
    would say the second line of its script.
    """
    machine = json.loads(definition)
    for _name, state in states_of(machine):
        if "TimeoutSeconds" in state:
            state["TimeoutSeconds"] = 3600
        for retrier in state.get("Retry", ()):
            retrier.update(IntervalSeconds=1, MaxAttempts=1, MaxDelaySeconds=2, BackoffRate=1.0)
    return json.dumps(machine)


def states_of(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (name, state) of a machine and of the machines inside its Map states."""
    for name, state in machine["States"].items():
        yield name, state
        if state["Type"] == "Map":
            yield from states_of(state["ItemProcessor"])


def all_scenarios() -> list[Scenario]:
    """Return a scenario per Catch and per way out of a Choice, and the straight ways."""
    found = []
    for workflow, definition in definitions().items():
        machine = json.loads(definition)
        first = machine["StartAt"]
        found.append(
            Scenario(
                f"{workflow}-straight", workflow, (first, machine["States"][first]["Next"]), {}
            )
        )
        for name, state in states_of(machine):
            if state["Type"] == "Task":
                found += _catches(workflow, name, state)
            elif state["Type"] == "Choice":
                found += _choices(workflow, name, state)
    return found


def _catches(workflow: str, name: str, state: dict[str, Any]) -> Iterator[Scenario]:
    function = state["Parameters"]["FunctionName"].removeprefix("${").removesuffix("FunctionArn}")
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in function).lstrip("_")
    retried = {error for rule in state["Retry"] for error in rule["ErrorEquals"]}
    for catcher in state["Catch"]:
        error = next((e for e in catcher["ErrorEquals"] if e not in retried), "Unforeseen")
        error = "Unforeseen" if error == "States.ALL" else error
        script = {**_way_to(workflow, name), snake: [error]}
        if name == "ParkTask":
            script[_ALWAYS_CALLED[workflow]] = ["Unforeseen"]
        edge = (name, catcher["Next"])
        yield Scenario(f"{workflow}-{name}-{error}", workflow, edge, script)


def _choices(workflow: str, name: str, state: dict[str, Any]) -> Iterator[Scenario]:
    asked = _ASKED[name]
    way = _way_to(workflow, name)
    for rule in state["Choices"]:
        yield Scenario(f"{workflow}-{name}-yes", workflow, (name, rule["Next"]), way)
    script = {**way, asked: [NOT_YET, USUAL[asked]]}
    yield Scenario(f"{workflow}-{name}-no", workflow, (name, state["Default"]), script)


def _way_to(workflow: str, name: str) -> dict[str, list[Any]]:
    error = _DETOURS[workflow].get(name)
    return {_FIRST_STEP[workflow]: [error]} if error else {}
