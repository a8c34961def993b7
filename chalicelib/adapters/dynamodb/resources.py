"""The table of resources."""

from __future__ import annotations

from collections.abc import Iterator

from pynamodb.models import Model

from chalicelib.adapters.dynamodb.codec import decode_fields, encode_fields
from chalicelib.adapters.dynamodb.versioned import Listing, VersionedTable, shard_of
from chalicelib.domain.resources import Resource
from chalicelib.services.ports import Page

_BY_EXPERIMENT = Listing("by_experiment", hash_name="listed_experiment_id", range_name="id")
_BY_OWNER = Listing("by_owner", hash_name="listed_owner_id", range_name="id")


class ResourceTable(VersionedTable[Resource]):
    """Resources, one item each."""

    _noun = "resource"

    def in_experiment(self, experiment_id: str, limit: int, cursor: str | None) -> Page[Resource]:
        """Return resources of an experiment that lists show, oldest first."""

        def belongs(resource: Resource) -> bool:
            return resource.is_listed and resource.experiment_id == experiment_id

        return self._page(_BY_EXPERIMENT, experiment_id, limit, cursor, belongs)

    def of_owner(self, owner_id: str, limit: int, cursor: str | None) -> Page[Resource]:
        """Return resources of a user over all experiments, oldest first."""

        def belongs(resource: Resource) -> bool:
            return resource.is_listed and resource.owner_id == owner_id

        return self._page(_BY_OWNER, owner_id, limit, cursor, belongs)

    def live(self) -> Iterator[Resource]:
        """Return every resource whose cloud side may exist, in no order."""
        return (resource for resource in self._sharded("live") if resource.is_live)

    def _to_item(self, state: Resource) -> Model:
        item: Model = self._model(
            **encode_fields(state),
            listed_experiment_id=state.experiment_id if state.is_listed else None,
            listed_owner_id=state.owner_id if state.is_listed else None,
            live_shard=shard_of(state.id) if state.is_live else None,
        )
        return item

    def _from_item(self, item: Model) -> Resource:
        return decode_fields(Resource, item.attribute_values)
