"""Runs the real workflow files against the real steps, in this process and on the fake clock."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.services.backend import Backend
from chalicelib.services.cloud_ports import Compute
from chalicelib.services.lifecycle import build, ends, link_release, links, remove, reset
from chalicelib.services.lifecycle.enrolment import NO_AGENTS
from chalicelib.services.lifecycle.progress import StepInput, park_task
from chalicelib.services.qkd_ports import QKDAgents
from tests.fakes.mortal import Fate, ProcessDiedError
from tests.fakes.world import FakeClock

_FILES = Path(__file__).parents[2] / "infra" / "aws"
_WITH_COMPUTE = {
    "ensure_network": build.ensure_network,
    "check_server": build.check_server,
    "ensure_public_address": build.ensure_public_address,
    "remove_server": remove.remove_server,
    "remove_network": remove.remove_network,
    "reboot_server": reset.reboot_server,
    "check_reboot": reset.check_reboot,
}
_WITHOUT_COMPUTE = {
    "check_ready": build.check_ready,
    "close_resource": remove.close_resource,
    "release_links": link_release.release_links,
}
_WITH_REASON = {
    "record_failure": remove.record_failure,
    "end_failed_reset": reset.end_failed_reset,
}
_PREPARE = {
    "prepare_request": ends.prepare_request,
    "prepare_release": ends.prepare_release,
    "prepare_reset": ends.prepare_reset,
}


@cache
def definition(workflow: str) -> dict[str, Any]:
    """Return the workflow file's content."""
    return json.loads((_FILES / f"{workflow}.asl.json").read_text())


class Interpreter:
    """Executes workflows; knows the part of the language that our files use.

    A step's process that dies is retried as Lambda.Unknown, or, with `dies_whole`, takes the
    execution with it. Waits move the clock, unless `is_patient` is off.
    """

    def __init__(
        self,
        backend: Backend,
        compute: Compute,
        clock: FakeClock,
        fate: Fate | None = None,
        *,
        dies_whole: bool = False,
        is_patient: bool = True,
        agents: QKDAgents = NO_AGENTS,
    ) -> None:
        self._backend = backend
        self._compute = compute
        self._clock = clock
        self._fate = fate or Fate()
        self._dies_whole = dies_whole
        self._is_patient = is_patient
        self._agents = agents

    def run(self, workflow: str, payload: dict[str, Any]) -> None:
        """Run one execution to its end."""
        self._walk(definition(workflow), dict(payload))

    def _walk(self, machine: dict[str, Any], data: dict[str, Any]) -> None:
        name = machine["StartAt"]
        while name is not None:
            state = machine["States"][name]
            name = getattr(self, f"_{state['Type'].lower()}")(state, data)

    def _succeed(self, _state: dict[str, Any], _data: dict[str, Any]) -> None:
        return None

    def _wait(self, state: dict[str, Any], data: dict[str, Any]) -> str:
        self._pause(_at(state["SecondsPath"], data))
        return state["Next"]

    def _choice(self, state: dict[str, Any], data: dict[str, Any]) -> str:
        for choice in state["Choices"]:
            _present, equals = choice["And"]
            if _at(equals["Variable"], data) == equals["StringEquals"]:
                return choice["Next"]
        return state["Default"]

    def _map(self, state: dict[str, Any], data: dict[str, Any]) -> str:
        for item in _at(state["ItemsPath"], data):
            self._walk(state["ItemProcessor"], {"task_id": data["task_id"], "resource_id": item})
        return state["Next"]

    def _task(self, state: dict[str, Any], data: dict[str, Any]) -> str | None:
        arn = state["Parameters"]["FunctionName"]
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", arn[2 : -len("FunctionArn}")]).lower()
        attempts = [0] * len(state["Retry"])
        while True:
            self._fate.new_process()
            try:
                result = self._step(name, data)
            except ProcessDiedError:
                if self._dies_whole:
                    raise
                error, message = "Lambda.Unknown", "died"
            except Exception as caught:  # noqa: BLE001 (as Lambda reports whatever a step raises)
                error, message = type(caught).__name__, str(caught)
            else:
                if "ResultSelector" in state:
                    data[state["ResultPath"].removeprefix("$.")] = result
                return state.get("Next")
            if not self._retry(state["Retry"], attempts, error):
                data["error"] = {"Error": error, "Cause": json.dumps({"errorMessage": message})}
                return next(c["Next"] for c in state["Catch"] if _matches(c, error))

    def _retry(self, rules: list[dict[str, Any]], attempts: list[int], error: str) -> bool:
        for index, rule in enumerate(rules):
            if _matches(rule, error):
                if attempts[index] >= rule["MaxAttempts"]:
                    return False
                seconds = rule["IntervalSeconds"] * rule["BackoffRate"] ** attempts[index]
                self._pause(min(seconds, rule["MaxDelaySeconds"]))
                attempts[index] += 1
                return True
        return False

    def _pause(self, seconds: float) -> None:
        if self._is_patient:
            self._clock.advance(timedelta(seconds=seconds))

    def _step(  # noqa: PLR0911 -- one return per kind of step
        self, name: str, data: dict[str, Any]
    ) -> dict[str, Any]:
        backend, task_id = self._backend, data["task_id"]
        if name in _PREPARE:
            return {"resource_ids": _PREPARE[name](backend, task_id)}
        if name == "activate_links":
            return links.activate_links(backend, self._agents, task_id)
        if name == "release_task_links":
            return link_release.release_task_links(backend, self._agents, task_id)
        if name == "close_task":
            ends.close_task(backend, task_id)
            return {}
        if name == "park_task":
            park_task(backend, task_id, ends.reason_of(data["error"]))
            return {}
        step = StepInput(task_id, data["resource_id"])
        if name == "reserve_links":
            links.reserve_links(backend, self._agents, step)
            return {}
        if name == "ensure_server":
            build.ensure_server(backend, self._compute, step, self._agents)
            return {}
        if name in _WITH_REASON:
            _WITH_REASON[name](backend, step, ends.reason_of(data["error"]))
            return {}
        if name in _WITHOUT_COMPUTE:
            return _WITHOUT_COMPUTE[name](backend, step) or {}
        return _WITH_COMPUTE[name](backend, self._compute, step) or {}


def _matches(rule: dict[str, Any], error: str) -> bool:
    return error in rule["ErrorEquals"] or "States.ALL" in rule["ErrorEquals"]


def _at(path: str, data: dict[str, Any]) -> Any:
    value: Any = data
    for part in path.removeprefix("$.").split("."):
        value = value[part]
    return value
