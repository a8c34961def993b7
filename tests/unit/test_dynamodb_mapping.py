"""Domain objects survive the way through an item of their table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import fields
from pynamodb.models import Model

from chalicelib.adapters.dynamodb.codec import decode_fields, encode_fields, from_text, to_text
from chalicelib.adapters.dynamodb.links import LinkTable
from chalicelib.adapters.dynamodb.models import (
    CatalogItem,
    LinkItem,
    QKDLinkItem,
    ResourceItem,
    TaskItem,
    TelemetryItem,
)
from chalicelib.adapters.dynamodb.resources import ResourceTable
from chalicelib.adapters.dynamodb.tasks import TaskTable
from chalicelib.domain.catalog import CatalogState, DiskImage, Flavor, Network
from chalicelib.domain.links import Link
from chalicelib.domain.qkd import AgentState, QKDLink, Sample
from chalicelib.domain.resources import Resource
from chalicelib.domain.tasks import Task
from tests.contract.stores.samples import NOW, make_resource, make_task
from tests.unit.strategies import any_of

RESOURCES = ResourceTable(ResourceItem)
TASKS = TaskTable(TaskItem)
LINKS = LinkTable(LinkItem)


def through_the_store(item: Model) -> Model:
    """Return the item as it comes back from the store."""
    return type(item).from_raw_data(item.serialize())


@given(any_of(Resource))
@settings(deadline=None)
def test_any_resource_survives(resource: Resource) -> None:
    item = RESOURCES._to_item(resource)

    assert RESOURCES._from_item(through_the_store(item)) == resource


@given(any_of(Task))
@settings(deadline=None)
def test_any_task_survives(task: Task) -> None:
    item = TASKS._to_item(task)

    assert TASKS._from_item(through_the_store(item)) == task


@given(any_of(Link))
@settings(deadline=None)
def test_any_link_survives(link: Link) -> None:
    item = LINKS._to_item(link)

    assert LINKS._from_item(through_the_store(item)) == link


@given(
    st.one_of(any_of(DiskImage), any_of(Flavor), any_of(Network), any_of(CatalogState)),
)
@settings(deadline=None)
def test_any_catalog_entry_survives(entry: Any) -> None:
    item = CatalogItem(**({"kind": "k", "id": "i"} | encode_fields(entry)))

    assert decode_fields(type(entry), through_the_store(item).attribute_values) == entry


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        (Resource, ResourceItem),
        (Task, TaskItem),
        (DiskImage, CatalogItem),
        (Flavor, CatalogItem),
        (Network, CatalogItem),
        (CatalogState, CatalogItem),
        (Link, LinkItem),
        (QKDLink, QKDLinkItem),
        (Sample, TelemetryItem),
        (AgentState, TelemetryItem),
    ],
)
def test_every_field_has_an_attribute(kind: type[Any], item: type[Model]) -> None:
    assert {field.name for field in fields(kind)} <= item.get_attributes().keys()


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2, max_size=2))
def test_the_order_of_times_is_the_order_of_their_texts(times: list[datetime]) -> None:
    first, second = times

    assert (first < second) == (to_text(first) < to_text(second))
    assert from_text(to_text(first)) == first


def test_a_time_is_written_in_utc() -> None:
    local = datetime(2026, 1, 31, 13, 0, tzinfo=timezone(timedelta(hours=1)))

    assert to_text(local) == "2026-01-31T12:00:00.000000Z"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_text(datetime(2026, 1, 31))  # noqa: DTZ001 - the very mistake


def test_names_of_a_newer_version_are_ignored() -> None:
    resource = make_resource()
    raw = RESOURCES._to_item(resource).serialize() | {"colour": {"S": "red"}}

    assert RESOURCES._from_item(ResourceItem.from_raw_data(raw)) == resource
    assert decode_fields(Task, encode_fields(make_task(id="t")) | {"colour": "red"}).id == "t"


def test_names_that_an_older_version_did_not_write_take_their_default() -> None:
    resource = make_resource()
    raw = RESOURCES._to_item(resource).serialize()
    for name in ("events", "lease_counter", "phone_home_hashes", "owner_id"):
        raw.pop(name, None)

    read = RESOURCES._from_item(ResourceItem.from_raw_data(raw))

    assert (read.events, read.lease_counter, read.phone_home_hashes) == ((), 0, ())
    assert read.owner_id is None


def test_an_item_without_a_needed_name_is_an_error() -> None:
    values = encode_fields(make_task())
    del values["action"], values["status"], values["created_at"]

    with pytest.raises(ValueError, match="lacks action, created_at"):
        decode_fields(Task, values)


def test_operators_can_read_an_item() -> None:
    raw = TASKS._to_item(make_task()).serialize()

    assert raw["status"] == {"S": "pending"}
    assert raw["created_at"] == {"S": to_text(NOW)}
    assert raw["version"] == {"N": "0"}
