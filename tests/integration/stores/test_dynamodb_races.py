"""Lost answers and rivals: every write holds, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.exceptions import PutError
from pynamodb.models import Model

from chalicelib.adapters.dynamodb.attempts import MAX_ATTEMPTS
from chalicelib.adapters.dynamodb.claims import ClaimTable
from chalicelib.adapters.dynamodb.resources import ResourceTable
from chalicelib.adapters.dynamodb.tables import Tables
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.quota import Amount
from chalicelib.domain.resources import Resource
from tests.contract.stores.samples import NOW, make_resource
from tests.integration.stores.doubles import Recorder, client_error

LIMIT = Amount(10, 10, 10)


def increment(resource: Resource) -> Resource:
    return replace(resource, lease_counter=resource.lease_counter + 1)


# --- lost answers and contention -------------------------------------------------------------


def lose_first_answer(monkeypatch: pytest.MonkeyPatch, model: type[Model]) -> None:
    """Let the first save happen and then look as its own repetition does: refused."""
    really_save, calls = model.save, iter([True])

    def save(item: Model, condition: Any = None) -> Any:
        answer = really_save(item, condition)
        if next(calls, False):
            raise PutError(cause=client_error("ConditionalCheckFailedException"))
        return answer

    monkeypatch.setattr(model, "save", save)


def test_a_change_whose_answer_was_lost_is_not_made_twice(
    bound: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, resource = ResourceTable(bound.resources, Recorder()), make_resource()
    table.add(resource)
    lose_first_answer(monkeypatch, bound.resources)

    changed = table.change(resource.id, lambda old: replace(old, server_id="s1"))

    assert (changed.server_id, changed.version) == ("s1", 1)


def test_a_slot_whose_answer_was_lost_is_taken(
    bound: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = ClaimTable(bound.claims)
    lose_first_answer(monkeypatch, bound.claims)

    assert claims.take_slot("sync", "12:00")
    assert not claims.take_slot("sync", "12:00")


def test_a_sighting_whose_answer_was_lost_is_kept(
    bound: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = ClaimTable(bound.claims, Recorder())
    lose_first_answer(monkeypatch, bound.claims)

    assert claims.first_seen_orphan("server", NOW) == NOW


def test_a_change_gives_up_in_the_end(bound: Tables) -> None:
    sleep = Recorder()
    table, rival, resource = (
        ResourceTable(bound.resources, sleep),
        ResourceTable(bound.resources),
        make_resource(),
    )
    table.add(resource)

    def too_slow(old: Resource) -> Resource:
        rival.change(resource.id, increment)
        return increment(old)

    with pytest.raises(Unavailable):
        table.change(resource.id, too_slow)

    stored = table.get(resource.id)
    assert stored is not None
    assert stored.lease_counter == MAX_ATTEMPTS
    assert len(sleep.pauses) == MAX_ATTEMPTS - 1
    assert 0 <= min(sleep.pauses) <= max(sleep.pauses) <= 0.25
    assert len(set(sleep.pauses)) > 1


def act_before_update(
    monkeypatch: pytest.MonkeyPatch, claims: ClaimTable, rival: Callable[[], object]
) -> None:
    """Let a rival act between the first read of a quota and the write that follows from it."""
    quota, calls = claims._quota, iter([True])
    really_update = quota._update

    def update(*args: Any) -> None:
        if next(calls, False):
            rival()
        really_update(*args)

    monkeypatch.setattr(quota, "_update", update)


def test_a_booking_made_anew_is_freed_by_its_own_amount(
    bound: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims, other = ClaimTable(bound.claims, Recorder()), ClaimTable(bound.claims)
    claims.reserve_quota("p", {"a": Amount(1, 1, 1)}, LIMIT)

    def rebook() -> None:
        other.free_quota("p", "a")
        other.reserve_quota("p", {"a": Amount(2, 2, 2)}, LIMIT)

    act_before_update(monkeypatch, claims, rebook)
    claims.free_quota("p", "a")

    assert claims.quota_used("p") == Amount()


@pytest.mark.parametrize("taken", [Amount(10, 1, 1), Amount(1, 10, 1), Amount(1, 1, 10)])
def test_a_rival_who_takes_the_rest_of_any_amount_is_seen(
    bound: Tables, monkeypatch: pytest.MonkeyPatch, taken: Amount
) -> None:
    claims, other = ClaimTable(bound.claims, Recorder()), ClaimTable(bound.claims)
    act_before_update(monkeypatch, claims, lambda: other.reserve_quota("p", {"b": taken}, LIMIT))

    assert not claims.reserve_quota("p", {"a": Amount(1, 1, 1)}, LIMIT)
    assert claims.quota_used("p") == taken


def test_a_rival_who_books_the_same_resource_is_seen(
    bound: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Amount(1, 1, 1)
    claims, other = ClaimTable(bound.claims, Recorder()), ClaimTable(bound.claims)
    act_before_update(monkeypatch, claims, lambda: other.reserve_quota("p", {"a": one}, LIMIT))

    assert claims.reserve_quota("p", {"a": one, "b": one}, LIMIT)
    assert claims.quota_used("p") == Amount(2, 2, 2)


def test_a_rival_who_frees_a_part_is_seen(bound: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Amount(1, 1, 1)
    claims, other = ClaimTable(bound.claims, Recorder()), ClaimTable(bound.claims)
    claims.reserve_quota("p", {"a": one}, LIMIT)
    act_before_update(monkeypatch, claims, lambda: other.free_quota("p", "a"))

    assert claims.reserve_quota("p", {"a": one, "b": one}, LIMIT)
    assert claims.quota_used("p") == Amount(2, 2, 2)
