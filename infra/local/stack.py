"""The whole stack in one process, as one object: start it, use it over HTTP, stop it."""

from __future__ import annotations

import importlib
import json
import logging
import os
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chalice import Chalice

from chalicelib import bootstrap
from chalicelib.adapters.dynamodb.tables import create_tables
from chalicelib.domain.resources import Resource
from infra.local import environment
from infra.local.admin import AdminServer
from infra.local.aws import local_aws
from infra.local.clouds import Cloud, SimulatedCloud, make_cloud
from infra.local.issuer import Issuer
from infra.local.lambda_functions import Functions, serve_functions
from infra.local.openstack.state import DEFAULT_STATE as DEFAULT_OPENSTACK_STATE
from infra.local.openstack.state import State
from infra.local.qkd import QKDLab
from infra.local.release import release_all
from infra.local.scheduler import Scheduler, schedules
from infra.local.server import ApiServer
from infra.local.simulator import Simulator
from infra.local.workflows import create_state_machines, stop_executions

logger = logging.getLogger(__name__)

DEFAULT_STATE = Path(".state/local")
_STACK_FILE = "stack.json"
_STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class StackOptions:
    """How to run the stack; port 0 takes a free one.

    `qkd` starts the lab's two agents; without what they need the stack runs without them.
    `release_seconds` bounds the wait for VMs to go from a cloud that outlives the stack.
    `variables` are put over the app's environment. `openstack_state` is where the real control
    plane lives.
    """

    cloud: str = "simulator"
    port: int = 0
    issuer_port: int = 0
    admin_port: int = 0
    state: Path = DEFAULT_STATE
    boot_seconds: float = 2.0
    keep_cloud: bool = False
    openstack_state: Path = DEFAULT_OPENSTACK_STATE
    release_seconds: float = 60.0
    run_schedules: bool = True
    qkd: bool = False
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StackAddresses:
    """Where a running stack answers; also the content of stack.json, so it holds no secrets."""

    api_url: str
    issuer_url: str
    admin_url: str
    cloud: str
    cloud_url: str
    clouds_yaml: str
    pid: int


class LocalStack:
    """Issuer, cloud, AWS, schedules and API in this process; at most one at a time.

    After `stop`, `left_behind` holds the resources whose VMs are still in the cloud.
    """

    functions: Functions
    scheduler: Scheduler
    lab: QKDLab | None = None
    addresses: StackAddresses

    def __init__(self, options: StackOptions | None = None) -> None:
        self.options = options or StackOptions()
        self.left_behind: tuple[Resource, ...] = ()
        self._parts = ExitStack()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def simulator(self) -> Simulator:
        """The simulated cloud.

        Raises:
            TypeError: the stack runs on a real one.
        """
        if not isinstance(self._cloud, SimulatedCloud):
            raise TypeError("this stack has no simulator")
        return self._cloud.simulator

    def start(self) -> Self:
        """Start every part; on return the API answers and the catalog is there.

        Raises:
            OSError: a port is taken.
            Exception: a part does not start; what had been started is stopped.
        """
        with ExitStack() as parts:
            self._start(parts)
            self._parts = parts.pop_all()
        return self

    def stop(self) -> None:
        """Stop every part, the last one first."""
        self._parts.close()

    def _start(self, parts: ExitStack) -> None:
        options = self.options
        options.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._begin_lab(parts)
        server = ApiServer(options.port)
        parts.callback(server.stop)
        issuer = parts.enter_context(Issuer(options.issuer_port, audience=server.url))
        self.issuer = issuer
        self._cloud = make_cloud(
            options.cloud,
            options.state,
            boot_seconds=options.boot_seconds,
            keep=options.keep_cloud,
            openstack_state=options.openstack_state,
        )
        clouds_yaml = self._start_cloud(parts, self._cloud)
        variables = environment.app_environment(
            issuer, server.url, clouds_yaml, self._cloud.cloud_name
        )
        variables |= self.lab.variables() if self.lab else {}
        parts.enter_context(environment.applied({**variables, **options.variables}))
        app = self._start_aws(parts)
        self._prove_trust()
        admin = self._start_schedules(parts, app)
        parts.callback(server.stop)
        server.start(app)
        self.addresses = StackAddresses(
            api_url=server.url,
            issuer_url=issuer.url,
            admin_url=admin.url,
            cloud=self._cloud.kind,
            cloud_url=self._cloud.url,
            clouds_yaml=str(clouds_yaml),
            pid=os.getpid(),
        )
        admin.start()
        self._announce(parts)

    def _begin_lab(self, parts: ExitStack) -> None:
        """Start the agents; they get ready while the other parts start."""
        if not self.options.qkd:
            return
        lab = QKDLab(self.options.state, self._guests_directory())
        if not lab.can_run():
            logger.warning("no QKD: install what infra/onprem/requirements.in lists")
            return
        self.lab = lab
        parts.callback(lab.stop)
        lab.begin()

    def _guests_directory(self) -> Path:
        """Return where the cloud's simulated guests keep their credentials."""
        if self.options.cloud == "openstack":
            return State(self.options.openstack_state).guests
        return self.options.state / "guests"

    @staticmethod
    def _start_cloud(parts: ExitStack, cloud: Cloud) -> Path:
        clouds_yaml = cloud.start()
        parts.callback(cloud.stop)
        return clouds_yaml

    def _start_aws(self, parts: ExitStack) -> Chalice:
        bootstrap.reset()
        parts.callback(bootstrap.reset)
        parts.enter_context(local_aws())
        # Not for those who only look for a running stack: the parser is large.
        from infra.local.interpreter import light_interpreter

        parts.enter_context(light_interpreter())
        create_tables(bootstrap.settings())
        app: Chalice = importlib.import_module("app").app
        self.functions = Functions.of(app)
        parts.enter_context(serve_functions(self.functions))
        create_state_machines()
        parts.callback(self._end_workflows)
        return app

    def _prove_trust(self) -> None:
        """Verify a token of each kind: fetches the keys before the first crowd of requests."""
        verifier = bootstrap.token_verifier()
        for token in (
            self.issuer.user_token(),
            self.issuer.project_token(),
            self.issuer.experiment_token(),
        ):
            verifier.verify(token)

    def _start_schedules(self, parts: ExitStack, app: Chalice) -> AdminServer:
        seconds = environment.schedule_seconds(schedules(app))
        self.scheduler = Scheduler(self.functions, bootstrap.backend().claims, seconds)
        self.scheduler.run("catalog_sync")
        if self.lab:
            self.lab.wait()
            self.scheduler.run("telemetry")
        admin = AdminServer(self.options.admin_port, self.scheduler, self.describe, describe_cloud)
        parts.callback(admin.stop)
        parts.callback(self.scheduler.stop)
        if self.options.run_schedules:
            self.scheduler.start()
        return admin

    def _end_workflows(self) -> None:
        """Empty a cloud that lives on, then stop what still runs in the mock's threads."""
        if self._cloud.outlives_stack:
            self.left_behind = release_all(
                bootstrap.backend(),
                self.options.release_seconds,
                lambda: self.scheduler.run("reconcile"),
            )
        if not stop_executions(_STOP_SECONDS):
            raise RuntimeError("some workflow does not stop; end this process")

    def describe(self) -> dict[str, Any]:
        """Return the addresses and the schedules."""
        return {**asdict(self.addresses), "schedules": list(self.scheduler.names)}

    def _announce(self, parts: ExitStack) -> None:
        """Write stack.json for scripts; it goes when the stack does."""
        path = self.options.state / _STACK_FILE
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self.addresses), indent=2) + "\n", encoding="utf-8")
        parts.callback(path.unlink, missing_ok=True)


def describe_cloud() -> dict[str, Any]:
    """Return what carries this infrastructure's mark in the cloud, asked from the cloud."""
    compute = bootstrap.compute()
    return {
        "servers": [server.id for server in compute.all_servers()],
        "ports": [port.id for port in compute.all_ports()],
        "floating_ips": [floating_ip.id for floating_ip in compute.all_floating_ips()],
    }
