"""Canaries through a whole life on the local stack: what is secret shows nowhere that it may not.

Every log at its most talkative, all workflow data, URLs, answers and what the tables keep are
searched for user data, bearer tokens, phone-home tokens and the cloud's password and secret,
as they are and in base64.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.aws_clients import make_client
from chalicelib.adapters.dynamodb.tasks import TaskTable
from infra.local.environment import INFRA_ID
from infra.local.simulator import Effect, Fault
from infra.local.stack import LocalStack, StackOptions
from tests.canary import Collector, collected_logs, workflows
from tests.integration.stack.client import Experiment, wait_until

pytestmark = pytest.mark.timeout(300)  # a whole life with its retries, on a busy machine too

CANARY = f"canary-of-user-data-{uuid.uuid4().hex}"


@dataclass
class Evidence:
    """All texts of a life, by where they were found; and the secrets that must not be there."""

    texts: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def leaks(self) -> list[str]:
        return [
            f"{name} in {place}"
            for name, secret in self.secrets.items()
            for place, text in self.texts.items()
            if any(form in text for form in forms(secret))
        ]


def forms(secret: str) -> set[str]:
    """The secret, and the part of its base64 that is the same at each of the three offsets."""
    found = {secret}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret.encode()).decode()
        found.add(encoded[4 if offset else 0 : len(encoded) // 4 * 4 - 4])
    return found


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collected_logs(INFRA_ID) as collector:
        yield collector


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Evidence:
    state: Path = tmp_path_factory.mktemp("stack")
    variables = {"POLL_SECONDS": "1", "PARK_SECONDS": "1", "LEASE_SECONDS": "10"}
    evidence = Evidence()
    with LocalStack(StackOptions(state=state, boot_seconds=0.2, variables=variables)) as stack:
        minted = _watch_new_secrets()
        experiment = Experiment(stack, "careful", "project")
        _live(stack, experiment, evidence)
        account = stack.simulator.account
        evidence.secrets |= {
            "user data": CANARY,
            "experiment token": experiment.token,
            "its signature": experiment.token.rsplit(".", 1)[1],
            "user token": experiment.user_token,
            "the cloud's password": account.password,
            "the cloud's secret": account.application_credential_secret,
        }
        # Lease owners come from the same source; none of them is anyone else's business either.
        evidence.secrets |= {f"minted secret {n}": token for n, token in enumerate(minted)}
        evidence.texts["workflows"] = b"\n".join(workflows().values()).decode()
        evidence.texts["cloud URLs"] = "\n".join(r.path for r in stack.simulator.requests)
        evidence.texts["tasks that are over"] = json.dumps(list(_items("tasks")), default=str)
        evidence.texts["tokens announced"] = (state / "stack.json").read_text(encoding="utf-8")
    evidence.texts["logs"] = "\n".join(collector.lines)
    evidence.texts["JSON logs"] = "\n".join(collector.json_lines)
    return evidence


def _watch_new_secrets() -> list[str]:
    """Return the list that will hold each phone-home token as it is made."""
    minted: list[str] = []
    ids: Any = bootstrap.backend().ids
    make: Callable[[], str] = ids.new_secret

    def remember() -> str:
        minted.append(make())
        return minted[-1]

    ids.new_secret = remember
    return minted


def _live(stack: LocalStack, experiment: Experiment, evidence: Evidence) -> None:
    """Request, reset, extend, look, fail, delete; keep all answers."""
    user_data = f"#!/bin/sh\necho {CANARY}\n"
    answers = []

    def keep(answer: Any) -> Any:
        answers.append(answer.text)
        return answer.body

    accepted = keep(experiment.request("alpha", "beta", userdata=user_data, public_ipv4=True))
    first, second = (resource["id"] for resource in accepted["resources"])
    experiment.closed_task(accepted["task"]["id"])
    keep(experiment.call("POST", f"/resources/{first}/extend", {"as_late_as_possible": True}))
    keep(experiment.call("GET", f"/resources/{first}/console"))
    reset = keep(experiment.call("POST", f"/resources/{first}/reset"))
    experiment.closed_task(reset["task"]["id"])
    refused = experiment.request("alpha", userdata=user_data, networks=[CANARY[:5]])
    keep(refused)
    stack.simulator.faults.add(Fault(Effect.STATUS, "POST", "/servers$", status=500, times=2))
    stack.simulator.faults.add(Fault(Effect.SPAWN_ERROR, times=None, message="no host"))
    failing = keep(experiment.request("gamma", userdata=user_data))
    assert experiment.closed_task(failing["task"]["id"])["status"] == "failed"
    stack.simulator.faults.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TaskTable, "add", _break)
        assert experiment.request("delta", userdata=user_data).status == 500
    # A malformed body and a bad token make the edge complain, with nothing of either.
    keep(experiment.call("POST", "/resources", {"resources": [{"userdata": [CANARY]}]}))
    for resource_id in (first, second):
        experiment.delete(resource_id)
    wait_until(lambda: not any(stack.simulator.snapshot()), "an empty cloud")
    for resource_id in (first, second, failing["resources"][0]["id"]):
        keep(experiment.call("GET", f"/resources/{resource_id}"))
        keep(experiment.call("GET", f"/resources/{resource_id}/events"))
    tasks = keep(experiment.call("GET", "/tasks"))
    for task in tasks:
        keep(experiment.call("GET", f"/tasks/{task['id']}"))
    evidence.texts["answers"] = "\n".join(answers)


def _break(_self: TaskTable, task: object) -> None:
    raise RuntimeError(f"a bug, met with a {type(task).__name__}")


def _items(table: str) -> Iterator[dict[str, Any]]:
    client = make_client("dynamodb")
    for name in client.list_tables()["TableNames"]:
        if table in name:
            yield from client.scan(TableName=name)["Items"]


def test_no_secret_shows_anywhere(evidence):
    assert evidence.leaks() == []


def test_there_was_something_to_find(evidence):
    """Else the test above would prove nothing."""
    assert len(evidence.secrets) >= 9
    assert all(len(secret) >= 20 for secret in evidence.secrets.values())
    assert ":execution:request:" in evidence.texts["workflows"]
    assert "ExecutionSucceeded" in evidence.texts["workflows"]
    assert "GET /resources/" in evidence.texts["logs"]
    assert "chalicelib.api.router ERROR" in evidence.texts["logs"]
    assert "a bug, met with a Task" in evidence.texts["logs"]
    assert "functions.reconcile INFO" in evidence.texts["logs"]
    assert '"message":"call to OpenStack"' in evidence.texts["JSON logs"]
    assert '"error":"RuntimeError"' in evidence.texts["JSON logs"]
    assert "a bug, met with a Task" not in evidence.texts["JSON logs"], "words of others"
    assert "/servers" in evidence.texts["cloud URLs"]
    assert (
        evidence.texts["answers"].count('"up"') + evidence.texts["answers"].count("terminated") > 1
    )
    seen = Evidence({"place": base64.b64encode(f"x{CANARY}y".encode()).decode()}, {"it": CANARY})
    assert seen.leaks() == ["it in place"]


def test_a_task_that_is_over_keeps_no_secret_input(evidence):
    tasks = json.loads(evidence.texts["tasks that are over"])
    assert len(tasks) >= 5
    assert not [task["id"] for task in tasks if "S" in task.get("secret_input", {})]
    assert not [task["id"] for task in tasks if "M" in task.get("secret_input", {})]
