"""The table of the catalog: a few hundred entries by kind, and the state of their sync."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.dynamodb.codec import decode_fields, encode_fields
from chalicelib.adapters.dynamodb.failures import ConditionFailed, store_errors
from chalicelib.adapters.dynamodb.models import CatalogItem
from chalicelib.adapters.dynamodb.versioned import is_possible_key
from chalicelib.domain.catalog import (
    CatalogEntry,
    CatalogState,
    DiskImage,
    EntryT,
    Flavor,
    Network,
)

_KINDS: dict[type[Any], str] = {
    DiskImage: "disk_image",
    Flavor: "flavor",
    Network: "network",
    CatalogState: "state",
}


class CatalogTable:
    """Disk images, flavors and networks, and the state of their sync."""

    def __init__(self, model: type[CatalogItem]) -> None:
        self._model = model

    def get(self, kind: type[EntryT], entry_id: str) -> EntryT | None:
        """Return one entry, hidden ones too (a consistent read)."""
        item = self._item(_KINDS[kind], entry_id)
        return None if item is None else decode_fields(kind, item.attribute_values)

    def list(self, kind: type[EntryT]) -> tuple[EntryT, ...]:
        """Return all entries of a kind, hidden ones too, by identifier (a consistent read)."""
        with store_errors():
            items = [*self._model.query(_KINDS[kind], consistent_read=True)]
        return tuple(decode_fields(kind, item.attribute_values) for item in items)

    def put(self, entry: CatalogEntry) -> None:
        """Write an entry, over an older one with the same id."""
        with store_errors():
            self._model(kind=_KINDS[type(entry)], **encode_fields(entry)).save()

    def delete(self, kind: type[EntryT], entry_id: str) -> bool:
        """Remove an entry; False when there was none."""
        if not is_possible_key(entry_id):
            return False
        try:
            with store_errors():
                self._model(_KINDS[kind], entry_id).delete(self._model.id.exists())
        except ConditionFailed:
            return False
        return True

    def state(self, infra_id: str) -> CatalogState | None:
        """Return when the catalog was last checked and the cloud's limits then."""
        item = self._item(_KINDS[CatalogState], infra_id)
        return None if item is None else decode_fields(CatalogState, item.attribute_values)

    def put_state(self, state: CatalogState) -> None:
        """Write that."""
        with store_errors():
            self._model(kind=_KINDS[CatalogState], id=state.infra_id, **encode_fields(state)).save()

    def _item(self, kind: str, identifier: str) -> CatalogItem | None:
        if not is_possible_key(identifier):
            return None
        with store_errors():
            try:
                return self._model.get(kind, identifier, consistent_read=True)
            except self._model.DoesNotExist:
                return None
