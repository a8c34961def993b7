"""Time until a VM that was asked for is up: the bare SDK against this backend, on one cloud."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import requests
from openstack.config import OpenStackConfig
from openstack.connection import Connection

from chalicelib.bootstrap import utc_now
from infra.local.bench.model import Benchmark, Effort, Figure, Skipped
from infra.local.lambda_functions import Invocation
from infra.local.openstack.clouds import TENANT_CLOUD
from infra.local.openstack.install import InstallError
from infra.local.openstack.ports import PortError
from infra.local.openstack.processes import StartError
from infra.local.openstack.state import StateError
from infra.local.stack import LocalStack, StackOptions

_DISK_IMAGE, _FLAVOR, _NETWORK = "cirros-like", "m1.tiny", "public"
# Both look at the server once a second; the API is watched more often, for it costs little.
_POLL_SECONDS = 1.0
_WATCH_SECONDS = 0.1
_TIMEOUT_SECONDS = 120.0
_BUILD_STEPS = (
    "prepare_request",
    "ensure_network",
    "ensure_server",
    "check_server",
    "ensure_public_address",
    "check_ready",
)
_CANNOT_START = (InstallError, PortError, StartError, StateError)


def run(effort: Effort) -> list[Figure]:
    """Make VMs both ways in turn, each one removed before the next.

    Raises:
        Skipped: the control plane cannot be started.
    """
    count = effort.repeat(5, 1)
    with TemporaryDirectory() as directory:
        options = StackOptions(
            cloud="openstack",
            state=Path(directory),
            variables={"POLL_SECONDS": str(int(_POLL_SECONDS))},
        )
        stack = LocalStack(options)
        try:
            stack.start()
        except _CANNOT_START as error:
            raise Skipped(f"the control plane does not start: {error}") from error
        try:
            return _measure(stack, count)
        finally:
            stack.stop()


def _measure(stack: LocalStack, count: int) -> list[Figure]:
    with Connection(config=OpenStackConfig().get_one(TENANT_CLOUD)) as sdk:
        raw, ours = RawCloud(sdk), OurAPI(stack)
        raw.seconds_to_active()  # what is made once: connections, discovery, caches
        ours.seconds_to_up()
        log = StepLog(stack)
        pairs = []
        logs = []
        for _ in range(count):
            bare = raw.seconds_to_active()
            log.restart()
            pairs.append((bare, ours.seconds_to_up()))
            logs.append(log.build)
    raw_seconds, our_seconds = (tuple(times) for times in zip(*pairs, strict=True))
    added = median(our_seconds) - median(raw_seconds)
    return [
        Figure("openstacksdk: port + server, to ACTIVE", "s", raw_seconds, "baseline"),
        Figure("POST /resources, to up", "s", our_seconds, f"{added:+.2f} s between medians"),
        Figure("added, pair by pair", "s", tuple(our - bare for bare, our in pairs)),
        Figure(
            "POST to up: until the first step runs",
            "s",
            tuple(steps[0].began_seconds for steps in logs),
            "POST, and moto starting the execution",
        ),
        Figure(
            "POST to up: in steps",
            "s",
            tuple(sum(step.wall_seconds for step in steps) for steps in logs),
            "waiting for the cloud's answers included",
        ),
        Figure(
            "POST to up: CPU of steps",
            "s CPU",
            tuple(sum(step.cpu_seconds for step in steps) for steps in logs),
        ),
        Figure("POST to up: steps", "calls", tuple(float(len(steps)) for steps in logs)),
    ]


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a step function; `began_seconds` counts from the log's restart."""

    name: str
    began_seconds: float
    wall_seconds: float
    cpu_seconds: float


class StepLog:
    """Notes each call of a step function."""

    def __init__(self, stack: LocalStack) -> None:
        self._steps: list[Step] = []
        self._began = time.perf_counter()
        stack.functions.interceptors.append(self._note)

    def restart(self) -> None:
        """Forget what was noted; time begins now."""
        self._steps = []
        self._began = time.perf_counter()

    @property
    def build(self) -> list[Step]:
        """The steps of building, from the first to the last."""
        return [step for step in self._steps if step.name in _BUILD_STEPS]

    def _note(self, call: Invocation, proceed: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            return proceed()
        finally:
            self._steps.append(
                Step(
                    call.name,
                    wall - self._began,
                    time.perf_counter() - wall,
                    time.thread_time() - cpu,
                )
            )


class RawCloud:
    """Servers made as one would by hand."""

    def __init__(self, sdk: Connection) -> None:
        self._sdk = sdk
        self._disk_image_id = sdk.image.find_image(_DISK_IMAGE, ignore_missing=False).id
        self._flavor_id = sdk.compute.find_flavor(_FLAVOR, ignore_missing=False).id
        self._network_id = sdk.network.find_network(_NETWORK, ignore_missing=False).id

    def seconds_to_active(self) -> float:
        """Create a port and a server, wait until it is ACTIVE, remove both."""
        began = time.perf_counter()
        port = self._sdk.network.create_port(network_id=self._network_id, name="bench")
        server = self._sdk.compute.create_server(
            name="bench",
            image_id=self._disk_image_id,
            flavor_id=self._flavor_id,
            networks=[{"port": port.id}],
            config_drive=True,
        )
        self._wait(server, "ACTIVE")
        seconds = time.perf_counter() - began
        self._sdk.compute.delete_server(server)
        self._sdk.compute.wait_for_delete(server, interval=_POLL_SECONDS, wait=_TIMEOUT_SECONDS)
        self._sdk.network.delete_port(port)
        return seconds

    def _wait(self, server: Any, status: str) -> None:
        def seen() -> str:
            return str(self._sdk.compute.get_server(server.id).status)

        _until(seen, status, _POLL_SECONDS)


class OurAPI:
    """Resources asked for over HTTP, with one connection that is kept."""

    def __init__(self, stack: LocalStack) -> None:
        self._url = stack.addresses.api_url
        self._proof = stack.issuer.user_token()
        token = stack.issuer.experiment_token("bench", lifetime_seconds=3600)
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy on the way to loopback
        self._http.headers["Authorization"] = f"Bearer {token}"

    def seconds_to_up(self) -> float:
        """Ask for a resource, wait until it is up, remove it."""
        body = {
            "expires_at": (utc_now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "request_id": str(uuid.uuid4()),
            "resources": [
                {"friendly_name": "bench", "disk_image_id": _DISK_IMAGE, "flavor_id": _FLAVOR}
            ],
            "tokens": [{"jwt": self._proof}],
        }
        began = time.perf_counter()
        accepted = self._call("POST", "/resources", body)
        path = f"/resources/{accepted['resources'][0]['id']}"
        _until(lambda: str(self._call("GET", path)["status"]), "up", _WATCH_SECONDS)
        seconds = time.perf_counter() - began
        self._call("DELETE", path)
        _until(lambda: str(self._call("GET", path)["status"]), "terminated", _POLL_SECONDS)
        return seconds

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._http.request(method, self._url + path, json=body, timeout=_TIMEOUT_SECONDS)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document


def _until(status: Callable[[], str], wanted: str, poll_seconds: float) -> None:
    """Wait for a status.

    Raises:
        RuntimeError: it failed, or took too long.
    """
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while (seen := status()) != wanted:
        if seen.lower() in {"error", "failed"} or time.monotonic() > deadline:
            raise RuntimeError(f"waited for {wanted}, but it is {seen}")
        time.sleep(poll_seconds)


BENCHMARK = Benchmark(
    "create",
    f"time to a running VM on real Nova and Neutron, polled every {_POLL_SECONDS:g} s",
    run,
)
