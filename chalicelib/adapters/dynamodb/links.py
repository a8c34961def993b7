"""The tables of users' links and of the site's QKD links."""

from __future__ import annotations

from collections.abc import Iterator

from pynamodb.models import Model

from chalicelib.adapters.dynamodb.codec import decode_fields, encode_fields
from chalicelib.adapters.dynamodb.failures import store_errors
from chalicelib.adapters.dynamodb.versioned import Listing, VersionedTable, shard_of
from chalicelib.domain.links import Link
from chalicelib.domain.qkd import QKDLink
from chalicelib.services.ports import Page

_BY_EXPERIMENT = Listing("by_experiment", hash_name="listed_experiment_id", range_name="id")


class LinkTable(VersionedTable[Link]):
    """Users' links, one item each."""

    _noun = "link"

    def in_experiment(self, experiment_id: str, limit: int, cursor: str | None) -> Page[Link]:
        """Return links of an experiment that lists show, oldest first."""

        def belongs(link: Link) -> bool:
            return link.is_listed and link.experiment_id == experiment_id

        return self._page(_BY_EXPERIMENT, experiment_id, limit, cursor, belongs)

    def live(self) -> Iterator[Link]:
        """Return every link that the agents may know, in no order."""
        return (link for link in self._sharded("live") if link.is_live)

    def _to_item(self, state: Link) -> Model:
        item: Model = self._model(
            **encode_fields(state),
            listed_experiment_id=state.experiment_id if state.is_listed else None,
            live_shard=shard_of(state.id) if state.is_live else None,
        )
        return item

    def _from_item(self, item: Model) -> Link:
        return decode_fields(Link, item.attribute_values)


class QKDLinkTable(VersionedTable[QKDLink]):
    """Physical QKD links with their bookings, one item each."""

    _noun = "QKD link"

    def of_site(self, infra_id: str) -> tuple[QKDLink, ...]:
        """Return the QKD links of an infrastructure, by identifier."""
        with store_errors():
            found = [item.id for item in self._model.of_site.query(infra_id)]
        return tuple(link for link in self._read(found) if link.infra_id == infra_id)

    def _to_item(self, state: QKDLink) -> Model:
        item: Model = self._model(**encode_fields(state))
        return item

    def _from_item(self, item: Model) -> QKDLink:
        return decode_fields(QKDLink, item.attribute_values)
