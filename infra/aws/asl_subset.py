"""What our workflows may use of the Amazon States Language.

The definitions run on AWS and in moto's interpreter, so they keep to what both do alike, and to
the rules of this project: bounded, retried and caught steps that are handed identifiers only.
Whether a definition is valid at all is statelint's to say.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.domain import errors

STATE_TYPES = frozenset({"Task", "Map", "Choice", "Wait", "Succeed", "Fail", "Pass"})
RESOURCE = "arn:aws:states:::lambda:invoke"
MAX_STEP_SECONDS = 60
_PAYLOAD_FIELDS = frozenset({"task_id.$", "resource_id.$", "error.$"})
_UNPORTABLE = re.compile(r'"(Assign|QueryLanguage|Output|Arguments|Credentials)"|\{%|CausePath')
_SERVICE_ERRORS = re.compile(r"(States|Lambda)\.[A-Za-z]+")
_OWN_ERRORS = frozenset(name for name, _kind in inspect.getmembers(errors, inspect.isclass))

State = Mapping[str, Any]


def mistakes(definition: Mapping[str, Any]) -> list[str]:
    """Return what is outside the subset, each with the state's name; none is right.

    Args:
        definition: A state machine that statelint finds valid.
    """
    found = []
    if not definition.get("TimeoutSeconds"):
        found.append("the machine has no TimeoutSeconds")
    found += [
        f"{match.group()} is not portable" for match in _UNPORTABLE.finditer(json.dumps(definition))
    ]
    for name, state in states_of(definition):
        if state["Type"] not in STATE_TYPES:
            found.append(f"{name}: type {state['Type']} is outside the subset")
        check = _CHECKS.get(state["Type"])
        found += [f"{name}: {mistake}" for mistake in check(state)] if check else []
    return found


def states_of(machine: Mapping[str, Any]) -> Iterator[tuple[str, State]]:
    """Yield name and state of a machine and of the machines inside its Map states."""
    for name, state in machine["States"].items():
        yield name, state
        if state["Type"] == "Map":
            yield from states_of(state["ItemProcessor"])


def _task(state: State) -> Iterator[str]:
    if state["Resource"] != RESOURCE:
        yield f"calls {state['Resource']}, not {RESOURCE}"
    if not 0 < state.get("TimeoutSeconds", 0) <= MAX_STEP_SECONDS:
        yield f"TimeoutSeconds must be 1 to {MAX_STEP_SECONDS}"
    retriers, catchers = state.get("Retry", []), state.get("Catch", [])
    if not retriers:
        yield "is not retried"
    if not catchers or catchers[-1]["ErrorEquals"] != ["States.ALL"]:
        yield "its last catcher must take States.ALL"
    for retrier in retriers:
        yield from _retrier(retrier)
    if any(catcher.get("ResultPath") != "$.error" for catcher in catchers):
        yield "a catcher's ResultPath must be $.error"
    for rule in (*retriers, *catchers):
        for error in rule["ErrorEquals"]:
            if error not in _OWN_ERRORS and not _SERVICE_ERRORS.fullmatch(error):
                yield f"{error} is no error of ours or of AWS"
    yield from _parameters(state.get("Parameters", {}))


def _retrier(retrier: Mapping[str, Any]) -> Iterator[str]:
    # As a float: statelint and AWS differ about whole numbers.
    if not isinstance(retrier.get("BackoffRate"), float):
        yield "BackoffRate must be written as 2.0"
    if not (retrier.get("MaxAttempts", 0) > 0 and retrier.get("MaxDelaySeconds", 0) > 0):
        yield "a retrier must have MaxAttempts and MaxDelaySeconds"
    if retrier.get("JitterStrategy") != "FULL":
        yield "a retrier's JitterStrategy must be FULL"
    if "States.ALL" in retrier["ErrorEquals"]:
        yield "must not retry States.ALL: permanent errors would be, too"


def _parameters(parameters: Mapping[str, Any]) -> Iterator[str]:
    if set(parameters) != {"FunctionName", "Payload"}:
        yield "Parameters must be FunctionName and Payload"
        return
    for field, path in parameters["Payload"].items():
        if field not in _PAYLOAD_FIELDS or path != f"$.{field.removesuffix('.$')}":
            yield f"must not be handed {field}: {path}"


def _choice(state: State) -> Iterator[str]:
    if not state.get("Default"):
        yield "has no Default"
    for rule in state["Choices"]:
        guard, *comparisons = rule.get("And", [{}])
        if guard.get("IsPresent") is not True or not comparisons:
            yield "must ask IsPresent first: AWS fails where moto takes the default"
        elif {one["Variable"] for one in comparisons} != {guard["Variable"]}:
            yield "guards another variable than it compares"


def _wait(state: State) -> Iterator[str]:
    if state.get("SecondsPath") != "$.look.wait_seconds":
        yield "must wait as long as its step said ($.look.wait_seconds)"


_CHECKS = {"Task": _task, "Choice": _choice, "Wait": _wait}
