"""Runs the step that is to die in a process of its own, which gets a real SIGKILL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from infra.local.lambda_functions import Invocation
from tests.faults.reaper import SandboxKilled
from tests.faults.world import World

_SECONDS = 60


def run_step(
    call: Invocation, effect: str, moment: str, dynamodb_url: str
) -> subprocess.CompletedProcess[str]:
    """Run a step in a process of its own, which kills itself before or after the effect."""
    order = {"name": call.name, "event": call.event, "effect": effect, "moment": moment}
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.step_process"],
        input=json.dumps(order),
        env={**os.environ, "DYNAMODB_URL": dynamodb_url},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def answer_of(child: subprocess.CompletedProcess[str]) -> Any:
    """Return what a step that lived to see its end has answered, or raise what it raised."""
    assert child.returncode == 0, child.stderr
    answer = json.loads(child.stdout)
    if "error" in answer:
        raise type(answer["error"], (Exception,), {})(answer["message"])
    return answer["result"]


class KillingFunctions:
    """An interceptor: the calls that a death is planned for leave this process."""

    def __init__(self, world: World, dynamodb_url: str) -> None:
        self._world = world
        self._dynamodb_url = dynamodb_url

    def around(self, call: Invocation, proceed: Callable[[], Any]) -> Any:
        task_id = call.event.get("task_id", "")
        death = self._world.reaper.next_death(task_id, call.name)
        if death is None:
            return self._world.reaper.around(call, proceed)
        child = run_step(call, death.point.effect, death.moment, self._dynamodb_url)
        if child.returncode == -signal.SIGKILL:
            self._world.reaper.has_come(task_id, death)
            self._world.note_servers(call.event["resource_id"])
            raise SandboxKilled(f"{call.name} was killed")
        return answer_of(child)
