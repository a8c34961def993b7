"""A whole backend in memory, with a clock that tests set and identifiers that repeat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from chalicelib.config import Settings, load_settings
from chalicelib.domain.catalog import DiskImage, Flavor, Network
from chalicelib.domain.ids import IdKind, derived_uuid, make_id, uuid7
from chalicelib.domain.permissions import Principal
from chalicelib.domain.resources import Resource
from chalicelib.domain.tasks import Task
from chalicelib.domain.tokens import TokenKind
from chalicelib.services.backend import Backend
from chalicelib.services.check_request import ResourceRequest, WantedResource
from chalicelib.services.lifecycle.progress import StepInput
from chalicelib.services.request_resources import Acceptance, request_resources
from tests.fakes.compute import FakeCompute
from tests.fakes.metrics import FakeMetrics
from tests.fakes.qkd import FakeLab, FakeLinkStore, FakeQKDLinkStore, FakeTelemetryStore
from tests.fakes.stores import FakeCatalogStore, FakeClaimStore, FakeResourceStore, FakeTaskStore
from tests.fakes.workflows import FakeWorkflows

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
INFRA_ID = "tld-city-bp1"
PUBLIC_URL = "https://bi.example"


def some_id(kind: IdKind, label: str, authority: str = INFRA_ID) -> str:
    """Return a well-formed identifier that is the same for the same label."""
    return make_id(kind, authority, derived_uuid("tests", label))


USER = some_id(IdKind.USER, "alice", "auth.example")
PROJECT = some_id(IdKind.PROJECT, "proj", "auth.example")
EXPERIMENT = some_id(IdKind.EXPERIMENT, "exp", "auth.example")
OTHER_PROJECT = some_id(IdKind.PROJECT, "other", "auth.example")
OTHER_EXPERIMENT = some_id(IdKind.EXPERIMENT, "other", "auth.example")

MEMBER = Principal(TokenKind.EXPERIMENT, USER, PROJECT, EXPERIMENT)
STRANGER = Principal(TokenKind.EXPERIMENT, "bob", OTHER_PROJECT, OTHER_EXPERIMENT)
OWNER = Principal(TokenKind.USER, USER, None, None)
ADMIN = Principal(TokenKind.USER, "root", None, None, is_admin=True)


def make_settings(**changes: Any) -> Settings:
    """Return the default settings with some changed."""
    defaults = load_settings({"PUBLIC_URL": PUBLIC_URL, "STATE_MACHINE_ARN_PREFIX": "arn:"})
    return replace(defaults, **changes)


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        """Move the clock."""
        self.now += by


class CountingIds:
    """Identifiers and secrets from a counter."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._count = 0

    def new_id(self, kind: IdKind) -> str:
        return make_id(kind, INFRA_ID, uuid7(self._clock(), self._next()))

    def new_secret(self) -> str:
        return f"secret-{self._next():036}"

    def _next(self) -> int:
        self._count += 1
        return self._count


_IMAGE = DiskImage(
    some_id(IdKind.DISK_IMAGE, "ubuntu"), "ubuntu", START, "cluster", "glance-ubuntu", "ubuntu"
)
UBUNTU = replace(_IMAGE, min_ram_mib=512, min_disk_mb=2000)
CIRROS = replace(
    _IMAGE,
    id=some_id(IdKind.DISK_IMAGE, "cirros"),
    friendly_name="cirros",
    location="glance-cirros",
    default_username="cirros",
    tags=("no-cloud-init",),
)
HIDDEN_IMAGE = replace(_IMAGE, id=some_id(IdKind.DISK_IMAGE, "old"), friendly_name="old")
HIDDEN_IMAGE = replace(HIDDEN_IMAGE, hidden=True)
SMALL = Flavor(
    some_id(IdKind.FLAVOR, "small"), "small", START, "nova-small",
    vcpus=1, ram_mib=1024, disk_mb=5000,
)  # fmt: skip
TINY = replace(SMALL, id=some_id(IdKind.FLAVOR, "tiny"), friendly_name="tiny", ram_mib=256)
HIDDEN_FLAVOR = replace(SMALL, id=some_id(IdKind.FLAVOR, "old"), friendly_name="old", hidden=True)
PUBLIC = Network("network-public", "public", START, "neutron-public")
LAB = Network("network-lab", "lab", START, "neutron-lab")
EXTERNAL = Network("network-external", "external", START, "neutron-external", is_external=True)
HIDDEN_NETWORK = Network("network-old", "old", START, "neutron-old", hidden=True)
CATALOG = (
    UBUNTU, CIRROS, HIDDEN_IMAGE, SMALL, TINY, HIDDEN_FLAVOR,
    PUBLIC, LAB, EXTERNAL, HIDDEN_NETWORK,
)  # fmt: skip


def want(name: str = "vm", **changes: Any) -> WantedResource:
    """Return one wanted resource."""
    return replace(WantedResource(name, UBUNTU.id, SMALL.id), **changes)


class World:
    """Backend, cloud and workflows, all in memory, and shortcuts to what tests need often."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        self.compute = FakeCompute(self.clock)
        self.workflows = FakeWorkflows()
        self.resources = FakeResourceStore()
        self.tasks = FakeTaskStore()
        self.catalog = FakeCatalogStore()
        self.claims = FakeClaimStore()
        self.links = FakeLinkStore()
        self.qkd_links = FakeQKDLinkStore()
        self.telemetry = FakeTelemetryStore()
        self.lab = FakeLab()
        self.metrics = FakeMetrics()
        self.backend = Backend(
            settings=make_settings(**settings),
            clock=self.clock,
            ids=CountingIds(self.clock),
            resources=self.resources,
            tasks=self.tasks,
            catalog=self.catalog,
            claims=self.claims,
            workflows=self.workflows,
            links=self.links,
            qkd_links=self.qkd_links,
            telemetry=self.telemetry,
            metrics=self.metrics,
        )
        for entry in CATALOG:
            self.catalog.put(entry)

    def request(
        self, *wanted: WantedResource, request_id: str = "request-1", **changes: Any
    ) -> ResourceRequest:
        """Return a request that would be accepted, for one VM or for those given."""
        request = ResourceRequest(
            request_id=request_id,
            content_hash="hash-1",
            expires_at=START + timedelta(days=7),
            resources=wanted or (want(),),
            ssh_authorized_keys=("ssh-ed25519 AAAA alice",),
        )
        return replace(request, **changes)

    def accept(
        self,
        *wanted: WantedResource,
        request_id: str = "request-1",
        principal: Principal = MEMBER,
        **changes: Any,
    ) -> Acceptance:
        """Send a request, and return its acceptance."""
        request = self.request(*wanted, request_id=request_id, **changes)
        return request_resources(self.backend, principal, request)

    def steps(self, *wanted: WantedResource) -> StepInput:
        """Send a request, and return the input of the steps for its first resource."""
        task = self.accept(*wanted).task
        return StepInput(task.id, task.resource_ids[0])

    def resource(self, resource_id: str | None = None) -> Resource:
        """Return the resource, or the only one there is."""
        if resource_id is None:
            (resource_id,) = self.resources.by_id
        return self.resources.by_id[resource_id]

    def task(self, task_id: str) -> Task:
        """Return the task."""
        return self.tasks.by_id[task_id]

    def change(self, resource_id: str, **changes: Any) -> Resource:
        """Overwrite fields of a resource, whatever the rules say."""
        return self.resources.change(resource_id, lambda current: replace(current, **changes))
