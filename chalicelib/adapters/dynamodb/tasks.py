"""The table of tasks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pynamodb.models import Model

from chalicelib.adapters.dynamodb.codec import decode_fields, encode_fields, to_text
from chalicelib.adapters.dynamodb.versioned import Listing, VersionedTable, shard_of
from chalicelib.domain.tasks import Task
from chalicelib.services.ports import Page

_BY_EXPERIMENT = Listing(
    "by_experiment", hash_name="experiment_id", range_name="created_at_id", newest_first=True
)


class TaskTable(VersionedTable[Task]):
    """Tasks, one item each."""

    _noun = "task"

    def in_experiment(self, experiment_id: str, limit: int, cursor: str | None) -> Page[Task]:
        """Return tasks of an experiment, newest first."""

        def belongs(task: Task) -> bool:
            return task.experiment_id == experiment_id

        return self._page(_BY_EXPERIMENT, experiment_id, limit, cursor, belongs)

    def due(self, now: datetime) -> Iterator[Task]:
        """Return open tasks whose `watch_at` has come, in no order."""
        until = self._model.watch_at <= to_text(now)
        return (task for task in self._sharded("due", until) if _is_due(task, now))

    def _to_item(self, state: Task) -> Model:
        item: Model = self._model(
            **encode_fields(state),
            created_at_id=f"{to_text(state.created_at)}#{state.id}",
            due_shard=shard_of(state.id) if _is_watched(state) else None,
        )
        return item

    def _from_item(self, item: Model) -> Task:
        return decode_fields(Task, item.attribute_values)


def _is_watched(task: Task) -> bool:
    return task.watch_at is not None and not task.is_closed


def _is_due(task: Task, now: datetime) -> bool:
    return task.watch_at is not None and not task.is_closed and task.watch_at <= now
