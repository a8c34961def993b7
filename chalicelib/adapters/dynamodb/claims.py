"""The table of claims: who holds what.

Each claim is one item, and taking it one conditional write. Items that are of no use after a week
carry `delete_at`; the store deletes them some time later.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from pynamodb.expressions.condition import Condition

from chalicelib.adapters.dynamodb.attempts import Sleeper, attempts
from chalicelib.adapters.dynamodb.codec import from_text, to_text
from chalicelib.adapters.dynamodb.failures import ConditionFailed, store_errors
from chalicelib.adapters.dynamodb.models import ClaimItem
from chalicelib.adapters.dynamodb.quota import QuotaBook
from chalicelib.domain.quota import Amount

_KEPT = timedelta(days=7)


class ClaimTable:
    """Friendly names, quota amounts, schedule slots, sightings of orphans."""

    def __init__(self, model: type[ClaimItem], sleep: Sleeper = time.sleep) -> None:
        self._model = model
        self._sleep = sleep
        self._quota = QuotaBook(model, sleep)

    def name_holder(self, experiment_id: str, friendly_name: str) -> str | None:
        """Return the resource that holds the name (a consistent read)."""
        item = self._item(_name_key(experiment_id, friendly_name))
        return None if item is None else item.holder

    def hold_name(self, experiment_id: str, friendly_name: str, resource_id: str) -> bool:
        """Claim a name for a resource; True when it holds it now, also when it did before."""
        item = self._model(_name_key(experiment_id, friendly_name), holder=resource_id)
        return self._saved(
            item, self._model.key.does_not_exist() | (self._model.holder == resource_id)
        )

    def free_name(self, experiment_id: str, friendly_name: str, resource_id: str) -> None:
        """Give the name up, if this resource holds it."""
        item = self._model(_name_key(experiment_id, friendly_name))
        try:
            with store_errors():
                item.delete(self._model.holder == resource_id)
        except ConditionFailed:
            return  # free already, or another's

    def quota_used(self, project_id: str) -> Amount:
        """Return what the project uses (a consistent read)."""
        return self._quota.used(project_id)

    def reserve_quota(self, project_id: str, amounts: Mapping[str, Amount], limit: Amount) -> bool:
        """Book amounts by resource id, all or none; True when booked now or before."""
        return self._quota.reserve(project_id, amounts, limit)

    def free_quota(self, project_id: str, resource_id: str) -> None:
        """Give a resource's amount back, once."""
        self._quota.free(project_id, resource_id)

    def take_slot(self, schedule: str, slot: str) -> bool:
        """Claim one run of a schedule; True for exactly one caller."""
        # The holder tells a lost answer, repeated under the hood, from another caller's claim.
        holder = uuid.uuid4().hex
        key = f"slot#{schedule}#{slot}"
        item = self._model(key, holder=holder, delete_at=_KEPT)
        if self._saved(item, self._model.key.does_not_exist()):
            return True
        stored = self._item(key)
        return stored is not None and stored.holder == holder

    def first_seen_orphan(self, cloud_id: str, now: datetime) -> datetime:
        """Return when this orphan was first seen; the first call says now."""
        key = _orphan_key(cloud_id)
        sighting = self._model(key, first_seen_at=to_text(now), delete_at=now + _KEPT)
        is_free = self._model.key.does_not_exist() | (self._model.delete_at <= now)
        for _ in attempts(self._sleep):
            if self._saved(sighting, is_free):
                return now
            stored = self._item(key)
            if stored is not None and stored.first_seen_at is not None:
                return from_text(stored.first_seen_at)
        raise AssertionError("attempts() ends by raising")

    def forget_orphan(self, cloud_id: str) -> None:
        """Drop the sighting."""
        with store_errors():
            self._model(_orphan_key(cloud_id)).delete()

    def _item(self, key: str) -> ClaimItem | None:
        with store_errors():
            try:
                return self._model.get(key, consistent_read=True)
            except self._model.DoesNotExist:
                return None

    @staticmethod
    def _saved(item: ClaimItem, condition: Condition) -> bool:
        try:
            with store_errors():
                item.save(condition)
        except ConditionFailed:
            return False
        return True


def _name_key(experiment_id: str, friendly_name: str) -> str:
    return f"name#{experiment_id}#{friendly_name}"


def _orphan_key(cloud_id: str) -> str:
    return f"orphan#{cloud_id}"
