"""What projects use: one item per project, with the sums and every booking in them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import reduce
from operator import and_

from msgspec.structs import asdict
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamodb.attempts import Sleeper, attempts
from chalicelib.adapters.dynamodb.failures import ConditionFailed, store_errors
from chalicelib.adapters.dynamodb.models import ClaimItem
from chalicelib.domain.quota import Amount, shortage, total


class QuotaBook:
    """Bookings by resource id; the sums and the bookings change together, in one write."""

    def __init__(self, model: type[ClaimItem], sleep: Sleeper = time.sleep) -> None:
        self._model = model
        self._sleep = sleep

    def used(self, project_id: str) -> Amount:
        """Return what the project uses (a consistent read)."""
        item = self._item(project_id)
        return Amount() if item is None else _used(item)

    def reserve(self, project_id: str, amounts: Mapping[str, Amount], limit: Amount) -> bool:
        """Book amounts by resource id, all or none; True when booked now or before.

        Of ids that are booked in part, the missing ones are added, all or none.
        """
        for _ in attempts(self._sleep):
            item = self._item(project_id)
            if item is None:
                self._open(project_id)
                continue
            booked = {key for key in amounts if key in item.bookings}
            missing = {key: amounts[key] for key in amounts if key not in booked}
            if not missing:
                return True
            if shortage(limit, _used(item), total(missing.values())) is not None:
                return False
            try:
                self._book(project_id, booked, missing, limit)
            except ConditionFailed:
                continue
            return True
        raise AssertionError("attempts() ends by raising")

    def free(self, project_id: str, resource_id: str) -> None:
        """Give a resource's amount back, once."""
        for _ in attempts(self._sleep):
            item = self._item(project_id)
            if item is None or resource_id not in item.bookings:
                return
            amount: dict[str, int] = item.bookings[resource_id]
            booking = self._model.bookings[resource_id]
            actions = [*self._add(Amount() - Amount(**amount)), booking.remove()]
            # A booking made anew meanwhile may be of another amount. Compared number by number,
            # because not every compatible store compares maps.
            same = reduce(and_, (booking[name] == number for name, number in amount.items()))
            try:
                self._update(project_id, actions, same)
            except ConditionFailed:
                continue
            return

    def _item(self, project_id: str) -> ClaimItem | None:
        with store_errors():
            try:
                return self._model.get(_key(project_id), consistent_read=True)
            except self._model.DoesNotExist:
                return None

    def _open(self, project_id: str) -> None:
        """Make the project's item: an update cannot set a booking in a map that is not there."""
        item = self._model(
            _key(project_id), used_instances=0, used_vcpus=0, used_ram_mib=0, bookings={}
        )
        try:
            with store_errors():
                item.save(self._model.key.does_not_exist())
        except ConditionFailed:
            return  # another request opened it

    def _book(
        self, project_id: str, booked: set[str], missing: dict[str, Amount], limit: Amount
    ) -> None:
        wanted = total(missing.values())
        most = limit - wanted
        conditions: list[Condition] = [
            self._model.used_instances <= most.instances,
            self._model.used_vcpus <= most.vcpus,
            self._model.used_ram_mib <= most.ram_mib,
            *(self._model.bookings[key].exists() for key in sorted(booked)),
            *(self._model.bookings[key].does_not_exist() for key in missing),
        ]
        actions = [
            *self._add(wanted),
            *(self._model.bookings[key].set(asdict(amount)) for key, amount in missing.items()),
        ]
        self._update(project_id, actions, reduce(and_, conditions))

    def _add(self, amount: Amount) -> list[Action]:
        return [
            self._model.used_instances.add(amount.instances),
            self._model.used_vcpus.add(amount.vcpus),
            self._model.used_ram_mib.add(amount.ram_mib),
        ]

    def _update(self, project_id: str, actions: list[Action], condition: Condition) -> None:
        with store_errors():
            self._model(_key(project_id)).update(actions, condition)


def _key(project_id: str) -> str:
    return f"quota#{project_id}"


def _used(item: ClaimItem) -> Amount:
    return Amount(int(item.used_instances), int(item.used_vcpus), int(item.used_ram_mib))
