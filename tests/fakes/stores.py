"""The four stores in memory; they pass the same contract as the real ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from chalicelib.adapters.dynamodb.cursors import decode_cursor, encode_cursor
from chalicelib.domain.catalog import CatalogEntry, CatalogState, EntryT
from chalicelib.domain.errors import NotFound
from chalicelib.domain.links import Link
from chalicelib.domain.qkd import QKDLink
from chalicelib.domain.quota import Amount, shortage, total
from chalicelib.domain.resources import Resource
from chalicelib.domain.tasks import Task
from chalicelib.services.ports import Page

StateT = TypeVar("StateT", Resource, Task, Link, QKDLink)


class FakeVersioned(Generic[StateT]):
    def __init__(self) -> None:
        self.by_id: dict[str, StateT] = {}
        self._lock = threading.RLock()

    def get(self, identifier: str) -> StateT | None:
        return self.by_id.get(identifier)

    def add(self, state: StateT) -> bool:
        with self._lock:
            if state.id in self.by_id:
                return False
            self.by_id[state.id] = state
            return True

    def change(self, identifier: str, how: Callable[[StateT], StateT]) -> StateT:
        with self._lock:
            old = self.by_id.get(identifier)
            if old is None:
                raise NotFound(f"There is no {identifier}.")
            new = how(old)
            if new == old:
                return old
            new = replace(new, version=old.version + 1)
            self.by_id[identifier] = new
            return new

    def _all(self) -> list[StateT]:
        with self._lock:
            return list(self.by_id.values())

    @staticmethod
    def _page(states: list[StateT], owner: str, limit: int, cursor: str | None) -> Page[StateT]:
        if cursor is not None:
            key = decode_cursor(cursor, frozenset({"owner", "id"}), "owner", owner)
            ids = [state.id for state in states]
            states = states[ids.index(key["id"]) + 1 :] if key["id"] in ids else []
        shown = states[:limit]
        following = None
        if len(states) > limit:
            following = encode_cursor({"owner": owner, "id": shown[-1].id})
        return Page(tuple(shown), following)


class FakeResourceStore(FakeVersioned[Resource]):
    def in_experiment(self, experiment_id: str, limit: int, cursor: str | None) -> Page[Resource]:
        return self._listed("experiment_id", experiment_id, limit, cursor)

    def of_owner(self, owner_id: str, limit: int, cursor: str | None) -> Page[Resource]:
        return self._listed("owner_id", owner_id, limit, cursor)

    def _listed(self, name: str, value: str, limit: int, cursor: str | None) -> Page[Resource]:
        states = [one for one in self._all() if one.is_listed and getattr(one, name) == value]
        return self._page(sorted(states, key=lambda one: one.id), value, limit, cursor)

    def live(self) -> Iterator[Resource]:
        return iter([resource for resource in self._all() if resource.is_live])


class FakeTaskStore(FakeVersioned[Task]):
    def in_experiment(self, experiment_id: str, limit: int, cursor: str | None) -> Page[Task]:
        states = [task for task in self._all() if task.experiment_id == experiment_id]
        states.sort(key=lambda task: (task.created_at, task.id), reverse=True)
        return self._page(states, experiment_id, limit, cursor)

    def due(self, now: datetime) -> Iterator[Task]:
        return iter(
            [
                task
                for task in self._all()
                if task.watch_at is not None and not task.is_closed and task.watch_at <= now
            ]
        )


class FakeCatalogStore:
    def __init__(self) -> None:
        self.entries: dict[tuple[type[Any], str], Any] = {}
        self.states: dict[str, CatalogState] = {}

    def get(self, kind: type[EntryT], entry_id: str) -> EntryT | None:
        return self.entries.get((kind, entry_id))

    def list(self, kind: type[EntryT]) -> tuple[EntryT, ...]:
        found = [entry for (stored, _), entry in list(self.entries.items()) if stored is kind]
        return tuple(sorted(found, key=lambda entry: entry.id))

    def put(self, entry: CatalogEntry) -> None:
        self.entries[type(entry), entry.id] = entry

    def delete(self, kind: type[EntryT], entry_id: str) -> bool:
        return self.entries.pop((kind, entry_id), None) is not None

    def state(self, infra_id: str) -> CatalogState | None:
        return self.states.get(infra_id)

    def put_state(self, state: CatalogState) -> None:
        self.states[state.infra_id] = state


@dataclass
class FakeClaimStore:
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    bookings: dict[str, dict[str, Amount]] = field(default_factory=dict)
    slots: set[tuple[str, str]] = field(default_factory=set)
    orphans: dict[str, datetime] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def name_holder(self, experiment_id: str, friendly_name: str) -> str | None:
        return self.names.get((experiment_id, friendly_name))

    def hold_name(self, experiment_id: str, friendly_name: str, resource_id: str) -> bool:
        return self.names.setdefault((experiment_id, friendly_name), resource_id) == resource_id

    def free_name(self, experiment_id: str, friendly_name: str, resource_id: str) -> None:
        with self._lock:
            if self.names.get((experiment_id, friendly_name)) == resource_id:
                del self.names[experiment_id, friendly_name]

    def quota_used(self, project_id: str) -> Amount:
        with self._lock:
            return total(self.bookings.get(project_id, {}).values())

    def reserve_quota(self, project_id: str, amounts: Mapping[str, Amount], limit: Amount) -> bool:
        with self._lock:
            booked = self.bookings.setdefault(project_id, {})
            missing = {key: amount for key, amount in amounts.items() if key not in booked}
            wanted = total(missing.values())
            if missing and shortage(limit, total(booked.values()), wanted) is not None:
                return False
            booked.update(missing)
            return True

    def free_quota(self, project_id: str, resource_id: str) -> None:
        with self._lock:
            self.bookings.get(project_id, {}).pop(resource_id, None)

    def take_slot(self, schedule: str, slot: str) -> bool:
        with self._lock:
            if (schedule, slot) in self.slots:
                return False
            self.slots.add((schedule, slot))
            return True

    def first_seen_orphan(self, cloud_id: str, now: datetime) -> datetime:
        return self.orphans.setdefault(cloud_id, now)

    def forget_orphan(self, cloud_id: str) -> None:
        self.orphans.pop(cloud_id, None)
