"""An experiment's side of the API, over HTTP."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

import urllib3

from infra.local.stack import LocalStack

DEADLINE_SECONDS = 60
_CLOSED = {"finished", "failed"}
_numbers = itertools.count()
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBtaGrM31h0B0UCfkF7h1yOq8eHyJcZLs1Vk9sTjbn8b test"


class Answer(NamedTuple):
    status: int
    body: Any
    text: str


def wait_until(
    condition: Callable[[], Any],
    what: str,
    seconds: float = DEADLINE_SECONDS,
    poll_seconds: float = 0.05,
) -> Any:
    """Return the first true value of the condition; fail when time is up."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(poll_seconds)
    return value


def in_hours(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Experiment:
    """Calls with an experiment's token; the user's token goes into bodies."""

    def __init__(
        self,
        stack: LocalStack,
        name: str,
        project: str,
        patience_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._patience_seconds = patience_seconds
        self.name = name
        self._url = stack.addresses.api_url
        self.token = stack.issuer.experiment_token(name, project=project)
        self.user_token = stack.issuer.user_token("ada", project=project)
        self._http = urllib3.PoolManager(retries=False, timeout=30, maxsize=100)

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        url = self._url + path + ("?" + urlencode(query) if query else "")
        answer = self._http.request(method, url, body=data, headers=headers)
        text = answer.data.decode()
        return Answer(answer.status, json.loads(text), text)

    def ok(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        answer = self.call(method, path, body, **query)
        assert answer.status == 200, answer
        return answer.body

    def request(self, *names: str, request_id: str = "", hours: float = 1, **fields: Any) -> Answer:
        """Ask for VMs with these names; `fields` go into each of them."""
        common = {"disk_image_id": "ubuntu-24.04", "flavor_id": "m1.tiny", "userdata": ""}
        body = {
            "expires_at": fields.pop("expires_at", None) or in_hours(hours),
            "resources": [{"friendly_name": name, **common, **fields} for name in names],
            "ssh_authorized_keys": [KEY],
            "tokens": [{"jwt": self.user_token}],
        }
        return self.call("POST", "/resources", body, request_id=request_id or str(uuid.uuid4()))

    def accepted(self, *names: str, **fields: Any) -> Any:
        answer = self.request(*names, **fields)
        assert answer.status == 200, answer
        return answer.body

    def up(self, *names: str, **fields: Any) -> list[Any]:
        """Ask for VMs and wait until they are up; return them."""
        body = self.accepted(*names, **fields)
        task = self.closed_task(body["task"]["id"])
        assert task["status"] == "finished", task
        return [self.resource(resource["id"]) for resource in body["resources"]]

    def task(self, task_id: str) -> Any:
        return self.ok("GET", f"/tasks/{task_id}")

    def closed_task(self, task_id: str) -> Any:
        return wait_until(
            lambda: task if (task := self.task(task_id))["status"] in _CLOSED else None,
            f"the end of {task_id}",
            self._patience_seconds,
            poll_seconds=0.2,  # each look is a call of the whole API, and an end stays
        )

    def resource(self, resource_id: str) -> Any:
        return self.ok("GET", f"/resources/{resource_id}")

    def with_status(self, resource_id: str, status: str) -> Any:
        return wait_until(
            lambda: r if (r := self.resource(resource_id))["status"] == status else None,
            f"{resource_id} to be {status}",
            self._patience_seconds,
        )

    def parked_task(self, task_id: str) -> Any:
        """Wait until a step of the task says what it waits for; return the task."""
        return wait_until(
            lambda: task if "Waiting since" in details(task := self.task(task_id)) else None,
            f"{task_id} to say that it waits",
            self._patience_seconds,
        )

    def listed(self) -> list[Any]:
        return self.ok("GET", "/resources")

    @staticmethod
    def resource_end() -> str:
        """Return an end that stays the same over repetitions of a request."""
        return in_hours(1)

    def delete(self, resource_id: str) -> Any:
        """Delete and wait; return the closed task."""
        return self.closed_task(self.ok("DELETE", f"/resources/{resource_id}")["task"]["id"])

    def delete_all(self) -> None:
        """Order the removal of what is left."""
        for resource in self.listed():
            self.ok("DELETE", f"/resources/{resource['id']}")


def details(task: Any) -> str:
    """Return what the task's steps say, all together."""
    return " ".join(step["detail"] or "" for step in task["steps"])


@contextmanager
def experiments(stack: LocalStack, **options: Any) -> Iterator[Callable[[], Experiment]]:
    """Give out experiments of their own projects; at the end order the removal of what is left."""
    made: list[Experiment] = []

    def make() -> Experiment:
        number = next(_numbers)
        made.append(Experiment(stack, f"experiment-{number}", f"project-{number}", **options))
        return made[-1]

    yield make
    for one in made:
        one.delete_all()
