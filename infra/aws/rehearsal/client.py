"""An experiment's side of the API: what it asks for, and how it waits for a task."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import urllib3

from infra.aws.rehearsal.report import Finding
from infra.aws.rehearsal.world import World

CLOSED = {"finished", "failed"}
"""Statuses of a task that is over."""

_DEADLINE_SECONDS = 300.0
_POLL_SECONDS = 0.5
_PAIR = 2
_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBtaGrM31h0B0UCfkF7h1yOq8eHyJcZLs1Vk9sTjbn8b rehearsal"


class Client:
    """Calls the API with an experiment token."""

    def __init__(self, url: str, world: World) -> None:
        self._url = url
        self._token = world.issuer.experiment_token("rehearsal")
        self._user_token = world.issuer.user_token()
        self._http = urllib3.PoolManager(retries=False, timeout=120)

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """Call and return the answer's document.

        Raises:
            Finding: the status is not 200.
        """
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        answer = self._http.request(method, self._url + path, body=data, headers=headers)
        if answer.status != 200:  # noqa: PLR2004 - OK
            raise Finding(f"{method} {path}: {answer.status} {answer.data.decode()}")
        return json.loads(answer.data)

    def request(self, *names: str) -> Any:
        """Ask for VMs of these names; if there are two, for a QKD link between them, too.

        The link of `a` and `b` is `ab`.

        Raises:
            Finding: the request is refused.
        """
        common = {"disk_image_id": "ubuntu-24.04", "flavor_id": "m1.tiny"}
        wish = {
            "expires_at": in_hours(1),
            "resources": [{"friendly_name": name, **common} for name in names],
            "links": [_link(*names)] if len(names) == _PAIR else [],
            "ssh_authorized_keys": [_KEY],
            "tokens": [{"jwt": self._user_token}],
        }
        return self.ok("POST", f"/resources?request_id={uuid.uuid4()}", wish)

    def delete(self, resource_id: str) -> str:
        """Ask for a resource's removal; return the task's id."""
        return str(self.ok("DELETE", f"/resources/{resource_id}")["task"]["id"])

    def reset(self, resource_id: str) -> str:
        """Ask for a reboot; return the task's id."""
        return str(self.ok("POST", f"/resources/{resource_id}/reset")["task"]["id"])

    def task(self, task_id: str) -> Any:
        """Return a task as it stands."""
        return self.ok("GET", f"/tasks/{task_id}")

    def finished(self, task_id: str) -> None:
        """Wait until a task has finished.

        Raises:
            Finding: it failed, or is not over in time.
        """
        self._ended(task_id, "finished")

    def failed(self, task_id: str) -> str:
        """Wait until a task has failed, and return why.

        Raises:
            Finding: it did not fail, or is not over in time.
        """
        return str(self._ended(task_id, "failed")["failure_reason"])

    def parked(self, task_id: str) -> Any:
        """Wait until a task is parked, and return it.

        Raises:
            Finding: it ended instead, or is not parked in time.
        """

        def parked() -> Any:
            task = self.task(task_id)
            if task["status"] in CLOSED:
                raise Finding(f"not parked: {json.dumps(task, indent=1)}")
            return task if task["parked_since"] else None

        return wait_until(parked, f"{task_id} to be parked")

    def expect(self, resource_ids: list[str], status: str) -> None:
        """See that resources have a status.

        Raises:
            Finding: one has another.
        """
        for resource_id in resource_ids:
            shown = self.ok("GET", f"/resources/{resource_id}")
            if shown["status"] != status:
                raise Finding(f"{resource_id} is {shown['status']}, not {status}")

    def _ended(self, task_id: str, status: str) -> Any:
        def closed() -> Any:
            task = self.task(task_id)
            return task if task["status"] in CLOSED else None

        task = wait_until(closed, f"the end of {task_id}")
        if task["status"] != status:
            raise Finding(json.dumps(task, indent=1))
        return task


def _link(source: str, destination: str) -> dict[str, str]:
    name = source + destination
    return {"friendly_name": name, "type": "qkd", "source": source, "destination": destination}


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Return the first true value of a condition.

    Raises:
        Finding: there is none in time.
    """
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Finding(f"waited {_DEADLINE_SECONDS:.0f} s in vain for {what}")
        time.sleep(_POLL_SECONDS)
    return value


def in_hours(hours: float) -> str:
    """Return a time of the near future as the API takes it."""
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
