"""Objects with a version, one item each: what the tables of resources, tasks and links share."""

from __future__ import annotations

import time
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib.adapters.dynamodb.attempts import Sleeper, attempts
from chalicelib.adapters.dynamodb.cursors import decode_cursor, encode_cursor
from chalicelib.adapters.dynamodb.failures import ConditionFailed, store_errors
from chalicelib.domain.errors import NotFound, RequestTooLarge
from chalicelib.domain.links import Link
from chalicelib.domain.qkd import QKDLink
from chalicelib.domain.resources import Resource
from chalicelib.domain.tasks import Task
from chalicelib.services.ports import Page

# DynamoDB takes 400 KB; the rest is left for what an object gathers in its life.
MAX_NEW_ITEM_BYTES = 350 * 1024
SHARDS = tuple(str(shard) for shard in range(8))

_MAX_KEY_BYTES = 1024
_BATCH = 100

StateT = TypeVar("StateT", Resource, Task, Link, QKDLink)


def shard_of(identifier: str) -> str:
    """Return the shard of a sparse index that an object always belongs to.

    One index key for all would be one partition for all.
    """
    return SHARDS[zlib.crc32(identifier.encode()) % len(SHARDS)]


def is_possible_key(text: str) -> bool:
    """Say whether the store accepts the text as a key; nothing is found under another."""
    return 0 < len(text.encode(errors="replace")) <= _MAX_KEY_BYTES


class Listing(Struct, frozen=True):
    """An index that lists are read from: its keys' names, and which end comes first."""

    index: str
    hash_name: str
    range_name: str
    newest_first: bool = False

    @property
    def key_names(self) -> frozenset[str]:
        """The attributes that say where a page starts."""
        return frozenset({self.hash_name, self.range_name, "id"})


class VersionedTable(ABC, Generic[StateT]):
    """Reads and compare-and-swap writes of one kind of object."""

    _noun: ClassVar[str]

    def __init__(self, model: type[Model], sleep: Sleeper = time.sleep) -> None:
        # pynamodb makes attributes and indexes by metaclass, which a bound cannot describe.
        self._model: Any = model
        self._sleep = sleep

    @abstractmethod
    def _to_item(self, state: StateT) -> Model:
        """Return the item that holds the state."""

    @abstractmethod
    def _from_item(self, item: Model) -> StateT:
        """Return the state that an item holds."""

    def get(self, identifier: str, /) -> StateT | None:
        """Return the newest state (a consistent read)."""
        if not is_possible_key(identifier):
            return None
        with store_errors():
            try:
                item = self._model.get(identifier, consistent_read=True)
            except self._model.DoesNotExist:
                return None
        return self._from_item(item)

    def add(self, state: StateT, /) -> bool:
        """Write a new object; False when one with this id exists, which is left as it is.

        False also follows when the store's answer was lost and the write was repeated under the
        hood: read back before deciding.

        Raises:
            RequestTooLarge: it does not fit into one item.
        """
        item = self._to_item(state)
        _check_size(item)
        try:
            self._save(item, self._model.id.does_not_exist())
        except ConditionFailed:
            return False
        return True

    def change(self, identifier: str, how: Callable[[StateT], StateT], /) -> StateT:
        """Apply a pure change by compare-and-swap on `version` and return the new state.

        Raises:
            NotFound: there is no such object.
            Unavailable: other writers were faster, every time.
        """
        for _ in attempts(self._sleep):
            old = self.get(identifier)
            if old is None:
                raise NotFound(f"There is no {self._noun} {identifier}.")
            new = how(old)
            if new == old:
                return old
            new = replace(new, version=old.version + 1)
            try:
                self._save(self._to_item(new), self._model.version == old.version)
            except ConditionFailed:
                continue
            return new
        raise AssertionError("attempts() ends by raising")

    def _save(self, item: Model, condition: Condition) -> None:
        with store_errors():
            item.save(condition)

    def _page(
        self,
        listing: Listing,
        owner: str,
        limit: int,
        cursor: str | None,
        belongs: Callable[[StateT], bool],
    ) -> Page[StateT]:
        """Return one page of an index.

        The index is a moment behind the table, so each object is read anew and dropped if it no
        longer belongs to the list; a page can thus be shorter than `limit` and not the last.
        """
        if not is_possible_key(owner):
            return Page((), None)
        start = None
        if cursor is not None:
            key = decode_cursor(cursor, listing.key_names, listing.hash_name, owner)
            start = {name: {"S": value} for name, value in key.items()}
        with store_errors():
            # One more than asked for tells whether there is a next page.
            found = list(
                getattr(self._model, listing.index).query(
                    owner,
                    scan_index_forward=not listing.newest_first,
                    limit=limit + 1,
                    last_evaluated_key=start,
                )
            )
        shown = found[:limit]
        following = None
        if len(found) > limit:
            names = sorted(listing.key_names)
            following = encode_cursor({name: getattr(shown[-1], name) for name in names})
        states = self._read([item.id for item in shown])
        return Page(tuple(state for state in states if belongs(state)), following)

    def _sharded(self, index: str, until: Condition | None = None) -> Iterator[StateT]:
        """Return the newest state of every object in a sparse index, shard after shard."""
        for shard in SHARDS:
            keys = iter(getattr(self._model, index).query(shard, until))
            while batch := self._next_ids(keys):
                yield from self._read(batch)

    @staticmethod
    def _next_ids(keys: Iterator[Any]) -> list[str]:
        with store_errors():
            return [item.id for item in islice(keys, _BATCH)]

    def _read(self, identifiers: Iterable[str]) -> list[StateT]:
        """Return the newest states in the order of their ids (consistent reads)."""
        identifiers = list(identifiers)
        with store_errors():
            items = {
                item.id: item for item in self._model.batch_get(identifiers, consistent_read=True)
            }
        return [self._from_item(items[key]) for key in identifiers if key in items]


def _check_size(item: Model) -> None:
    size = sum(
        len(name) + sum(len(str(value).encode(errors="replace")) for value in typed.values())
        for name, typed in item.serialize().items()
    )
    if size > MAX_NEW_ITEM_BYTES:
        raise RequestTooLarge(
            f"The request takes {size} bytes to store and at most {MAX_NEW_ITEM_BYTES} fit. "
            "Shorten the userdata, or ask for fewer resources at a time."
        )
