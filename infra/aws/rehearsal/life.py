"""The main job on the deployed parts: two VMs with a QKD link, from request to gone."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import urllib3

from infra.aws.rehearsal.report import Finding, Report
from infra.aws.rehearsal.world import World
from infra.local.simulator.faults import Effect, Fault

_DEADLINE_SECONDS = 300.0
_POLL_SECONDS = 0.5
_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBtaGrM31h0B0UCfkF7h1yOq8eHyJcZLs1Vk9sTjbn8b rehearsal"


class Client:
    """An experiment's side of the API."""

    def __init__(self, url: str, world: World) -> None:
        self._url = url
        self._token = world.issuer.experiment_token("rehearsal")
        self.user_token = world.issuer.user_token()
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

    def _ended(self, task_id: str, status: str) -> Any:
        def closed() -> Any:
            task = self.ok("GET", f"/tasks/{task_id}")
            return task if task["status"] in {"finished", "failed"} else None

        task = wait_until(closed, f"the end of {task_id}")
        if task["status"] != status:
            raise Finding(json.dumps(task, indent=1))
        return task


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


def live(report: Report, client: Client, world: World, run: Callable[[str], Any]) -> None:
    """Go through the life of two VMs; `run` calls a schedule's function."""
    for schedule in ("catalog_sync", "telemetry"):
        with report.step(f"schedule {schedule} runs"):
            run(schedule)
    accepted: dict[str, Any] = {}
    with report.step("request: two VMs and a QKD link are up"):
        accepted |= client.ok("POST", f"/resources?request_id={uuid.uuid4()}", _wish(client))
        client.finished(accepted["task"]["id"])
        _expect(client, accepted, "up")
    if not accepted:
        return
    first = accepted["task"]["resource_ids"][0]
    with report.step("the QKD link is active at both agents"):
        link = client.ok("GET", f"/links/{accepted['links'][0]['id']}")
        if link["status"] != "active":
            raise Finding(json.dumps(link))
        for name in ("a", "b"):
            if not list(world.lab.guests.glob(f"{name}/slices-qkd/ab/*.json")):
                raise Finding(f"VM {name} has no QKD credentials")
    with report.step("extend"):
        client.ok("POST", f"/resources/{first}/extend", {"expires_at": _in_hours(2)})
    with report.step("console"):
        if not client.ok("GET", f"/resources/{first}/console")["url"].startswith("http"):
            raise Finding("the console has no URL")
    with report.step("reset"):
        client.finished(client.ok("POST", f"/resources/{first}/reset")["task"]["id"])
    with report.step("schedule reconcile finds nothing to mend"):
        run("reconcile")
        _expect(client, accepted, "up")
    with report.step("release: both VMs and the link are gone"):
        tasks = [
            client.ok("DELETE", f"/resources/{one}")["task"]["id"]
            for one in accepted["task"]["resource_ids"]
        ]
        for task_id in tasks:
            client.finished(task_id)
    with report.step("a VM that the cloud cannot build fails with its reason"):
        fault = Fault(Effect.SPAWN_ERROR, times=None, message="the host is out of disk")
        world.simulator.faults.add(fault)
        hopeless = client.ok("POST", f"/resources?request_id={uuid.uuid4()}", _wish(client))
        reason = client.failed(hopeless["task"]["id"])
        world.simulator.faults.clear()
        if fault.message not in reason:
            raise Finding(reason)
    with report.step("nothing is left in the cloud"):
        left = world.simulator.snapshot()
        if any(left):
            raise Finding(repr(left))


def _wish(client: Client) -> dict[str, Any]:
    common = {"disk_image_id": "ubuntu-24.04", "flavor_id": "m1.tiny"}
    return {
        "expires_at": _in_hours(1),
        "resources": [{"friendly_name": name, **common} for name in ("a", "b")],
        "links": [{"friendly_name": "ab", "type": "qkd", "source": "a", "destination": "b"}],
        "ssh_authorized_keys": [_KEY],
        "tokens": [{"jwt": client.user_token}],
    }


def _expect(client: Client, accepted: dict[str, Any], status: str) -> None:
    for one in accepted["task"]["resource_ids"]:
        shown = client.ok("GET", f"/resources/{one}")
        if shown["status"] != status:
            raise Finding(f"{one} is {shown['status']}, not {status}")


def _in_hours(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
