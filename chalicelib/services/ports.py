"""What the use cases need from outside, as Protocols; chalicelib/adapters implements them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from chalicelib.domain.catalog import (
    CatalogState,
    CloudLimits,
    DiskImage,
    EntryT,
    Flavor,
    Network,
)
from chalicelib.domain.ids import IdKind
from chalicelib.domain.quota import Amount
from chalicelib.domain.resources import Resource
from chalicelib.domain.tasks import Task
from chalicelib.domain.tokens import VerifiedToken

ItemT = TypeVar("ItemT")

# --- time and chance -------------------------------------------------------------------------


class Clock(Protocol):
    """The present moment."""

    def __call__(self) -> datetime:
        """Return the time now, in UTC."""


class IdFactory(Protocol):
    """New identifiers and secrets."""

    def new_id(self, kind: IdKind) -> str:
        """Return a fresh identifier (UUIDv7) of this infrastructure."""

    def new_secret(self) -> str:
        """Return 256 random bits, URL-safe."""


# --- state -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """One page of a list; `cursor` asks for the next one, None is the end."""

    items: tuple[ItemT, ...]
    cursor: str | None


class ResourceStore(Protocol):
    """Resources, one item each."""

    def get(self, resource_id: str) -> Resource | None:
        """Return the newest state (a consistent read)."""

    def add(self, resource: Resource) -> bool:
        """Write a new resource; False when one with this id exists, which is left as it is."""

    def change(self, resource_id: str, how: Callable[[Resource], Resource]) -> Resource:
        """Apply a pure change by compare-and-swap on `version` and return the new state.

        `how` is called again on the newest state whenever another writer was faster; returning its
        argument writes nothing.

        Raises:
            NotFound: there is no such resource.
            BIError: whatever `how` raises; then nothing is written.
        """

    def in_experiment(self, experiment_id: str, limit: int, cursor: str | None) -> Page[Resource]:
        """Return resources of an experiment that lists show, oldest first."""

    def of_owner(self, owner_id: str, limit: int, cursor: str | None) -> Page[Resource]:
        """Return resources of a user over all experiments, oldest first."""

    def live(self) -> Iterator[Resource]:
        """Return every resource whose cloud side may exist."""


class TaskStore(Protocol):
    """Tasks, one item each; `add`, `get` and `change` as for resources."""

    def get(self, task_id: str) -> Task | None:
        """Return the newest state (a consistent read)."""

    def add(self, task: Task) -> bool:
        """Write a new task; False when one with this id exists, which is left as it is."""

    def change(self, task_id: str, how: Callable[[Task], Task]) -> Task:
        """Apply a pure change by compare-and-swap and return the new state."""

    def in_experiment(self, experiment_id: str, limit: int, cursor: str | None) -> Page[Task]:
        """Return tasks of an experiment, newest first."""

    def due(self, now: datetime) -> Iterator[Task]:
        """Return open tasks whose `watch_at` has come."""


class CatalogStore(Protocol):
    """Disk images, flavors and networks, and the state of their sync."""

    def get(self, kind: type[EntryT], entry_id: str) -> EntryT | None:
        """Return one entry, hidden ones too."""

    def list(self, kind: type[EntryT]) -> tuple[EntryT, ...]:
        """Return all entries of a kind, hidden ones too, by identifier."""

    def put(self, entry: DiskImage | Flavor | Network) -> None:
        """Write an entry, over an older one with the same id."""

    def delete(self, kind: type[EntryT], entry_id: str) -> bool:
        """Remove an entry; False when there was none."""

    def state(self, infra_id: str) -> CatalogState | None:
        """Return when the catalog was last checked and the cloud's limits then."""

    def put_state(self, state: CatalogState) -> None:
        """Write that."""


class ClaimStore(Protocol):
    """Who holds what: friendly names, quota amounts, schedule slots, sightings of orphans."""

    def name_holder(self, experiment_id: str, friendly_name: str) -> str | None:
        """Return the resource that holds the name (a consistent read)."""

    def hold_name(self, experiment_id: str, friendly_name: str, resource_id: str) -> bool:
        """Claim a name for a resource; True when it holds it now, also when it did before."""

    def free_name(self, experiment_id: str, friendly_name: str, resource_id: str) -> None:
        """Give the name up, if this resource holds it."""

    def quota_used(self, project_id: str) -> Amount:
        """Return what the project uses (a consistent read)."""

    def reserve_quota(self, project_id: str, amounts: Mapping[str, Amount], limit: Amount) -> bool:
        """Book amounts by resource id, all or none; True when booked now or before."""

    def free_quota(self, project_id: str, resource_id: str) -> None:
        """Give a resource's amount back, once."""

    def take_slot(self, schedule: str, slot: str) -> bool:
        """Claim one run of a schedule; True for exactly one caller."""

    def first_seen_orphan(self, cloud_id: str, now: datetime) -> datetime:
        """Return when this orphan was first seen; the first call says now."""

    def forget_orphan(self, cloud_id: str) -> None:
        """Drop the sighting."""


# --- the cloud -------------------------------------------------------------------------------


class ServerStatus(StrEnum):
    """What Nova says of a server, as far as the lifecycle cares."""

    SCHEDULING = "scheduling"
    SPAWNING = "spawning"
    ACTIVE = "active"
    REBOOTING = "rebooting"
    STOPPED = "stopped"
    ERROR = "error"
    DELETING = "deleting"


@dataclass(frozen=True, slots=True)
class CloudAddress:
    """An address of a server's port."""

    port_id: str
    network_id: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Server:
    """A server in the cloud; `resource_id` is read from its metadata.

    `fault` is the cloud's own sentence for status ERROR.
    """

    id: str
    resource_id: str | None
    status: ServerStatus
    created_at: datetime
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """All that a server create needs. `user_data` is raw MIME text, never logged."""

    resource_id: str
    task_id: str
    attempt: int
    name: str
    disk_image_ref: str
    flavor_ref: str
    port_ids: tuple[str, ...]
    user_data: bytes


@dataclass(frozen=True, slots=True)
class Port:
    """A network port that is tagged as a resource's."""

    id: str
    resource_id: str | None
    network_id: str
    addresses: tuple[str, ...]
    device_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FloatingIP:
    """A public IPv4 address."""

    id: str
    resource_id: str | None
    address: str
    port_id: str | None
    created_at: datetime


class Compute(Protocol):
    """Servers and their network, found again by the resource id that they are tagged with.

    Every call has an explicit timeout. All raise CloudUnreachable when nothing was changed for
    sure, CloudOutcomeUnknown when a change was sent and its answer lost, CloudCredentialsRefused,
    or CloudRefused with a detail in words that a user can act on. Nothing is retried inside.
    """

    def find_servers(self, resource_id: str) -> tuple[Server, ...]:
        """Return the servers tagged with the resource, oldest first; being-deleted ones too."""

    def create_server(self, spec: ServerSpec) -> Server:
        """Send one POST /servers, tagged and with metadata."""

    def delete_server(self, server_id: str) -> None:
        """Ask for the deletion; fine when there is none."""

    def reboot_server(self, server_id: str) -> None:
        """Ask for a hard reboot."""

    def console_url(self, server_id: str) -> str:
        """Return a fresh URL of the server's web console."""

    def find_ports(self, resource_id: str) -> tuple[Port, ...]:
        """Return the ports tagged with the resource, by id."""

    def create_port(self, resource_id: str, network_ref: str, index: int) -> Port:
        """Create a tagged port on a network; `index` tells a resource's ports apart by name."""

    def delete_port(self, port_id: str) -> None:
        """Delete a port; fine when there is none."""

    def find_floating_ips(self, resource_id: str) -> tuple[FloatingIP, ...]:
        """Return the floating IPs of the resource, by id."""

    def create_floating_ip(self, resource_id: str, port_id: str) -> FloatingIP:
        """Allocate a public address on the external network and attach it to the port."""

    def delete_floating_ip(self, floating_ip_id: str) -> None:
        """Give the address back; fine when it is gone."""

    def all_servers(self) -> Iterator[Server]:
        """Return every server that carries this infrastructure's tag."""

    def all_ports(self) -> Iterator[Port]:
        """Return every port that carries this infrastructure's tag."""

    def all_floating_ips(self) -> Iterator[FloatingIP]:
        """Return every floating IP that this infrastructure made."""


class CloudCatalog(Protocol):
    """What the cloud offers."""

    def disk_images(self) -> Iterable[DiskImage]:
        """Return its images as catalog entries with their synced ids."""

    def flavors(self) -> Iterable[Flavor]:
        """Return its flavors."""

    def networks(self) -> Iterable[Network]:
        """Return the networks that VMs may use, and external ones."""

    def limits(self) -> CloudLimits:
        """Return the account's limits and use."""


# --- workflows and tokens --------------------------------------------------------------------


class WorkflowEngine(Protocol):
    """Runs the ASL workflows."""

    def start(self, workflow: str, name: str, payload: Mapping[str, Any]) -> None:
        """Start an execution; fine when this very one was started before.

        Raises:
            Unavailable: it could not be started; the reconciler will.
        """

    def is_running(self, workflow: str, name: str) -> bool:
        """Say whether this execution is still at work."""


class ConsoleOpener(Protocol):
    """Runs the step that asks the cloud for a console, in the zone that may talk to it."""

    def open(self, resource_id: str) -> str:
        """Return a fresh console URL, or raise the step's BIError."""


class TokenVerifier(Protocol):
    """Checks SLICES tokens."""

    def verify(self, jwt: str) -> VerifiedToken:
        """Return the token's claims, or raise an Unauthenticated error that says what to do."""

    def verify_user(self, jwt: str) -> VerifiedToken:
        """Return a user token's claims; other kinds are refused."""
