"""Resources and tasks: reads, compare-and-swap, lists, sparse indexes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.adapters.dynamodb.stores import Stores
from chalicelib.domain.errors import InvalidRequest, NotFound, WrongStatus
from chalicelib.domain.ids import IdKind
from chalicelib.domain.resource_life import close, order_release
from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import ResourceStatus, TaskStatus
from chalicelib.domain.tasks import Task, finish
from chalicelib.services.ports import Page
from tests.contract.stores.samples import NOW, in_threads, make_resource, make_task, new_id


def terminated(resource: Resource) -> Resource:
    ordered = order_release(resource, at=NOW, actor="user")
    return close(ordered, at=NOW, actor="workflow")


def test_what_is_added_is_read_back(stores: Stores) -> None:
    resource, task = make_resource(), make_task()

    assert stores.resources.add(resource)
    assert stores.tasks.add(task)

    assert stores.resources.get(resource.id) == resource
    assert stores.tasks.get(task.id) == task


@pytest.mark.parametrize("absent", ["r_x_unknown", "", "x" * 3000])
def test_nothing_is_found_under_another_id(stores: Stores, absent: str) -> None:
    assert stores.resources.get(absent) is None
    assert stores.tasks.get(absent) is None
    with pytest.raises(NotFound):
        stores.resources.change(absent, lambda resource: resource)


def test_a_second_add_leaves_the_first(stores: Stores) -> None:
    task = make_task(request_hash="first")
    stores.tasks.add(task)

    assert not stores.tasks.add(replace(task, request_hash="second"))

    assert stores.tasks.get(task.id) == task


def test_one_of_many_adds_wins(stores: Stores) -> None:
    task = make_task()

    won = in_threads(16, lambda n: stores.tasks.add(replace(task, request_hash=str(n))))

    assert won.count(True) == 1
    stored = stores.tasks.get(task.id)
    assert stored is not None
    assert stored.request_hash == str(won.index(True))


def test_a_change_counts_the_version(stores: Stores) -> None:
    resource = make_resource()
    stores.resources.add(resource)

    changed = stores.resources.change(resource.id, lambda old: replace(old, server_id="s1"))

    assert changed == replace(resource, server_id="s1", version=1)
    assert stores.resources.get(resource.id) == changed


def test_a_field_can_be_emptied(stores: Stores) -> None:
    task = make_task(request_id="r1")
    stores.tasks.add(task)

    stores.tasks.change(task.id, lambda old: replace(old, intent=None, request_id=None))

    stored = stores.tasks.get(task.id)
    assert stored is not None
    assert (stored.intent, stored.request_id) == (None, None)


@pytest.mark.parametrize("same", [lambda old: old, replace])
def test_no_change_writes_nothing(stores: Stores, same: Callable[[Resource], Resource]) -> None:
    resource = make_resource()
    stores.resources.add(resource)

    assert stores.resources.change(resource.id, same).version == 0

    assert stores.resources.get(resource.id) == resource


def test_an_error_in_a_change_writes_nothing(stores: Stores) -> None:
    resource = make_resource()
    stores.resources.add(resource)

    def refuse(_: Resource) -> Resource:
        raise WrongStatus("no")

    with pytest.raises(WrongStatus):
        stores.resources.change(resource.id, refuse)

    assert stores.resources.get(resource.id) == resource


def test_no_concurrent_change_is_lost(stores: Stores) -> None:
    resource = make_resource()
    stores.resources.add(resource)

    def increment(old: Resource) -> Resource:
        return replace(old, lease_counter=old.lease_counter + 1)

    def work(_: int) -> None:
        for _ in range(5):
            stores.resources.change(resource.id, increment)

    in_threads(16, work)

    stored = stores.resources.get(resource.id)
    assert stored is not None
    assert (stored.lease_counter, stored.version) == (80, 80)


# --- lists -----------------------------------------------------------------------------------


def all_pages(read: Callable[[str | None], Page[Any]]) -> list[tuple[Any, ...]]:
    pages, cursor = [], None
    while True:
        page = read(cursor)
        pages.append(page.items)
        cursor = page.cursor
        if cursor is None:
            return pages


def test_resources_are_listed_oldest_first_in_pages(stores: Stores) -> None:
    experiment_id = new_id(IdKind.EXPERIMENT)
    made = [make_resource(experiment_id=experiment_id) for _ in range(6)]
    for resource in reversed(made):
        stores.resources.add(resource)
    stores.resources.add(make_resource())

    pages = all_pages(lambda cursor: stores.resources.in_experiment(experiment_id, 2, cursor))

    assert pages == [tuple(made[0:2]), tuple(made[2:4]), tuple(made[4:6])]


def test_a_list_longer_than_one_batch_is_complete(stores: Stores) -> None:
    owner_id = new_id(IdKind.USER)
    made = [make_resource(owner_id=owner_id) for _ in range(130)]
    for resource in made:
        stores.resources.add(resource)

    assert stores.resources.of_owner(owner_id, 500, None) == Page(tuple(made), None)
    live = {resource.id for resource in stores.resources.live()}
    assert live >= {resource.id for resource in made}


@pytest.mark.parametrize("absent", ["exp_x_unknown", "", "x" * 3000])
def test_an_empty_list_is_one_empty_page(stores: Stores, absent: str) -> None:
    assert stores.resources.in_experiment(absent, 5, None) == Page((), None)
    assert stores.tasks.in_experiment(absent, 5, None) == Page((), None)


def test_lists_drop_what_ended_as_asked_and_keep_what_failed(stores: Stores) -> None:
    owner_id = new_id(IdKind.USER)
    kept = make_resource(owner_id=owner_id, status=ResourceStatus.FAILED)
    gone = make_resource(owner_id=owner_id, experiment_id=kept.experiment_id)
    stores.resources.add(gone)
    stores.resources.add(kept)

    stores.resources.change(gone.id, terminated)

    assert stores.resources.of_owner(owner_id, 5, None).items == (kept,)
    assert stores.resources.in_experiment(kept.experiment_id, 5, None).items == (kept,)


def test_an_owner_sees_the_resources_of_all_experiments(stores: Stores) -> None:
    owner_id = new_id(IdKind.USER)
    made = [make_resource(owner_id=owner_id) for _ in range(3)]
    for resource in [*made, make_resource(), make_resource(owner_id=None)]:
        stores.resources.add(resource)

    pages = all_pages(lambda cursor: stores.resources.of_owner(owner_id, 2, cursor))

    assert pages == [tuple(made[:2]), (made[2],)]


def test_tasks_are_listed_newest_first_in_pages(stores: Stores) -> None:
    experiment_id = new_id(IdKind.EXPERIMENT)
    moments = [0, 1_000_000, 1_000_001, 1_500_000, 1_500_000]
    made = [
        make_task(experiment_id=experiment_id, created_at=NOW + timedelta(microseconds=moment))
        for moment in moments
    ]
    for task in made:
        stores.tasks.add(task)

    pages = all_pages(lambda cursor: stores.tasks.in_experiment(experiment_id, 2, cursor))

    newest_first = tuple(reversed(made))
    assert pages == [newest_first[0:2], newest_first[2:4], newest_first[4:]]


def forged(key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "a" * 5000, "ÿ", "{}", forged({}), forged([]), forged({"id": 1}), forged("\ud800")],
)
def test_a_bad_cursor_is_refused_by_name(stores: Stores, cursor: str) -> None:
    experiment_id = new_id(IdKind.EXPERIMENT)
    for read in (stores.resources.in_experiment, stores.tasks.in_experiment):
        with pytest.raises(InvalidRequest) as caught:
            read(experiment_id, 5, cursor)
        assert caught.value.field_errors[0].field == "cursor"


def test_a_cursor_does_not_lead_into_another_list(stores: Stores) -> None:
    made = [make_resource(experiment_id=new_id(IdKind.EXPERIMENT)) for _ in range(2)]
    for first in made:
        stores.resources.add(first)
        stores.resources.add(make_resource(experiment_id=first.experiment_id))
    mine, foreign = (resource.experiment_id for resource in made)
    cursor = stores.resources.in_experiment(foreign, 1, None).cursor
    assert cursor is not None

    with pytest.raises(InvalidRequest):
        stores.resources.in_experiment(mine, 1, cursor)
    with pytest.raises(InvalidRequest):
        stores.resources.of_owner(mine, 1, cursor)


# --- sparse indexes --------------------------------------------------------------------------


def test_live_holds_what_may_be_in_the_cloud(stores: Stores) -> None:
    going, gone, failed = (make_resource() for _ in range(3))
    for resource in (going, gone, replace(failed, status=ResourceStatus.FAILED)):
        stores.resources.add(resource)
    stores.resources.change(going.id, lambda old: order_release(old, at=NOW, actor="user"))
    stores.resources.change(gone.id, terminated)

    live = {resource.id: resource for resource in stores.resources.live()}

    assert live.keys() & {going.id, gone.id, failed.id} == {going.id}
    assert live[going.id] == stores.resources.get(going.id)


def test_due_holds_open_tasks_whose_time_has_come(stores: Stores) -> None:
    second = timedelta(seconds=1)
    now_due, past, future, closed, unwatched = (
        make_task(watch_at=moment) for moment in (NOW, NOW - second, NOW + second, NOW, None)
    )
    ours = (now_due, past, future, closed, unwatched)
    for task in ours:
        stores.tasks.add(task)
    stores.tasks.change(closed.id, lambda task: finish(task, NOW))

    due = {task.id: task for task in stores.tasks.due(NOW)}

    assert due.keys() & {task.id for task in ours} == {now_due.id, past.id}
    assert due[past.id] == past


def test_a_closed_task_with_a_watch_time_is_not_due(stores: Stores) -> None:
    task: Task = make_task(status=TaskStatus.FAILED)
    stores.tasks.add(task)

    assert task.id not in {due.id for due in stores.tasks.due(NOW)}
