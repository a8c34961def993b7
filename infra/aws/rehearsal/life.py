"""The main job on the deployed parts: two VMs with a QKD link, from request to gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from infra.aws.rehearsal.client import Client, in_hours
from infra.aws.rehearsal.report import Finding, Report, Steps
from infra.aws.rehearsal.troubles import RefusedReset, build_fails, outage
from infra.aws.rehearsal.world import World


def live(report: Report, client: Client, world: World, run: Callable[[str], Any]) -> None:
    """Go through the life of two VMs, and what can befall it; `run` calls a schedule's function."""
    for schedule in ("catalog_sync", "telemetry"):
        with report.step(f"schedule {schedule} runs"):
            run(schedule)
    report.in_turn(_Life(client, world, run).steps())
    outage(report, client, world, run)
    with report.step("a VM that the cloud cannot build fails with its reason"):
        build_fails(client, world)
    with report.step("nothing is left in the cloud"):
        left = world.simulator.snapshot()
        if any(left):
            raise Finding(repr(left))


class _Life:
    """Two VMs that nothing goes wrong with, but a reset."""

    def __init__(self, client: Client, world: World, run: Callable[[str], Any]) -> None:
        self._client = client
        self._world = world
        self._run = run
        self._accepted: dict[str, Any] = {}

    def steps(self) -> Steps:
        """Return the steps, each with what it shows."""
        refused = RefusedReset(self._client, self._world, lambda: self._ids[0])
        return [
            ("request: two VMs and a QKD link are up", self._request),
            ("the QKD link is active at both agents", self._link_is_active),
            ("extend", self._extend),
            ("console", self._console),
            ("reset", self._reset),
            *refused.steps(),
            ("schedule reconcile finds nothing to mend", self._sweep),
            ("release: both VMs and the link are gone", self._release),
        ]

    @property
    def _ids(self) -> list[str]:
        ids: list[str] = self._accepted["task"]["resource_ids"]
        return ids

    def _request(self) -> None:
        self._accepted = self._client.request("a", "b")
        self._client.finished(self._accepted["task"]["id"])
        self._client.expect(self._ids, "up")

    def _link_is_active(self) -> None:
        link = self._client.ok("GET", f"/links/{self._accepted['links'][0]['id']}")
        if link["status"] != "active":
            raise Finding(json.dumps(link))
        for name in ("a", "b"):
            if not list(self._world.lab.guests.glob(f"{name}/slices-qkd/ab/*.json")):
                raise Finding(f"VM {name} has no QKD credentials")

    def _extend(self) -> None:
        path = f"/resources/{self._ids[0]}/extend"
        self._client.ok("POST", path, {"expires_at": in_hours(2)})

    def _console(self) -> None:
        console = self._client.ok("GET", f"/resources/{self._ids[0]}/console")
        if not console["url"].startswith("http"):
            raise Finding("the console has no URL")

    def _reset(self) -> None:
        self._client.finished(self._client.reset(self._ids[0]))

    def _sweep(self) -> None:
        self._run("reconcile")
        self._client.expect(self._ids, "up")

    def _release(self) -> None:
        for task_id in [self._client.delete(one) for one in self._ids]:
            self._client.finished(task_id)
