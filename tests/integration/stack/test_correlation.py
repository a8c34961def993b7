"""One search for a task's id tells its whole story, from the request to the agents' own logs."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from chalicelib.logs.setup import configure
from infra.local.environment import INFRA_ID
from infra.local.qkd import QKDLab
from infra.local.stack import LocalStack, StackOptions
from tests.integration.stack.client import KEY, Experiment, in_hours, wait_until
from tests.integration.stack.conftest import VARIABLES


@pytest.fixture(scope="module")
def lines() -> Iterator[io.StringIO]:
    root, names = logging.getLogger(), ("", "chalicelib", "functions", "infra", "app")
    handlers = list(root.handlers)
    levels = {name: logging.getLogger(name).level for name in names}
    written = io.StringIO()
    configure("json", "INFO", INFRA_ID, written)
    yield written
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory,
    lines: io.StringIO,  # noqa: ARG001 -- before the stack, so that its first line is seen
) -> Iterator[LocalStack]:
    state = tmp_path_factory.mktemp("stack")
    if not QKDLab(state, state).can_run():
        pytest.skip("the QKD agents need what infra/onprem/requirements.in lists")
    options = StackOptions(state=state, boot_seconds=0.3, variables=VARIABLES, qkd=True)
    with LocalStack(options) as stack:
        yield stack


def order(experiment: Experiment, stack: LocalStack) -> urllib3.BaseHTTPResponse:
    common = {"disk_image_id": "ubuntu-24.04", "flavor_id": "m1.tiny"}
    body = {
        "expires_at": in_hours(1),
        "resources": [{"friendly_name": name, **common} for name in ("a", "b")],
        "links": [{"friendly_name": "ab", "type": "qkd", "source": "a", "destination": "b"}],
        "ssh_authorized_keys": [KEY],
        "tokens": [{"jwt": experiment.user_token}],
    }
    return urllib3.request(
        "POST",
        f"{stack.addresses.api_url}/resources",
        json=body,
        headers={"Authorization": f"Bearer {experiment.token}", "X-Request-Id": "find-me-1"},
    )


def about(text: str, wanted: str) -> list[dict[str, Any]]:
    """What `grep wanted` prints, parsed."""
    return [json.loads(line) for line in text.splitlines() if wanted in line]


def test_the_story_of_a_task(stack, experiment, lines):
    answer = order(experiment, stack)
    assert answer.headers["X-Request-Id"] == "find-me-1"
    task_id = answer.json()["task"]["id"]
    assert experiment.closed_task(task_id)["status"] == "finished"
    functions = ("prepare_request", "reserve_links", "ensure_network", "ensure_server")
    wait_until(lambda: '"close_task"' in lines.getvalue(), "the last step's line")

    story = about(lines.getvalue(), task_id)
    accepted = next(line for line in story if line.get("request_id") == "find-me-1")
    assert (accepted["operation"], accepted["status"]) == ("request_resources", 200)
    assert accepted["task_id"] == task_id
    assert accepted["Requests"] == 1
    steps = {line["function"] for line in story if line["message"] == "step"}
    assert steps >= {*functions, "check_server", "check_ready", "activate_links", "close_task"}
    assert all("duration_ms" in line for line in story if line["message"] == "step")
    calls = [line for line in story if line["message"] == "call to the QKD agent"]
    assert {(line["agent"], line["method"]) for line in calls} >= {
        ("kme-a", "PUT"),
        ("kme-b", "PUT"),
    }
    cloud = [line for line in story if line["message"] == "call to OpenStack"]
    assert any(line["path"].endswith("/servers") for line in cloud)
    assert len({line["openstack_request_id"] for line in cloud}) == 1

    for agent in ("kme-a", "kme-b"):
        log = (stack.lab.guests.parent / "qkd" / f"{agent}.log").read_text()
        told = about(log, task_id)
        assert {(line["method"], line["status"]) for line in told} >= {("PUT", 201)}
        assert all(line["correlation_id"] == task_id for line in told)
