"""What the use cases need from outside, as Protocols; chalicelib/adapters implements them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from chalicelib.domain.catalog import (
    CatalogState,
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


class Page(Struct, Generic[ItemT], frozen=True):
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
