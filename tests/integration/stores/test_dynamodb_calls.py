"""What is sent to DynamoDB: stand-ins are always consistent, so only the calls can tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pynamodb.connection.base import Connection

from chalicelib.adapters.dynamodb.stores import Stores, stores
from chalicelib.adapters.dynamodb.tables import create_tables
from chalicelib.domain.catalog import DiskImage
from chalicelib.domain.quota import Amount
from infra.local.aws import local_aws
from tests.contract.stores.backends import store_settings
from tests.contract.stores.samples import INFRA, NOW, make_disk_image, make_resource, make_task

_SINGLE_ITEM = {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "BatchGetItem"}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stores]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with local_aws():
        settings = store_settings()
        create_tables(settings)
        yield stores(settings)


@pytest.fixture
def calls(made: Stores, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Every call of this test, after each method of the stores has been used once."""
    recorded: list[tuple[str, dict[str, Any]]] = []
    really_dispatch = Connection.dispatch

    def dispatch(connection: Connection, operation: str, arguments: dict[str, Any]) -> Any:
        recorded.append((operation, arguments))
        return really_dispatch(connection, operation, arguments)

    monkeypatch.setattr(Connection, "dispatch", dispatch)
    use_everything(made)
    return recorded


def use_everything(made: Stores) -> None:
    resource, task, image = make_resource(), make_task(), make_disk_image()
    made.resources.add(resource)
    made.tasks.add(task)
    made.resources.change(resource.id, lambda old: old)
    made.tasks.change(task.id, lambda old: old)
    made.resources.in_experiment(resource.experiment_id, 5, None)
    made.resources.of_owner(str(resource.owner_id), 5, None)
    assert list(made.resources.live())
    made.tasks.in_experiment(task.experiment_id, 5, None)
    assert list(made.tasks.due(NOW))
    made.catalog.put(image)
    made.catalog.get(DiskImage, image.id)
    made.catalog.list(DiskImage)
    made.catalog.delete(DiskImage, image.id)
    made.catalog.state(INFRA)
    made.claims.hold_name("e", "n", "r")
    made.claims.name_holder("e", "n")
    made.claims.free_name("e", "n", "r")
    made.claims.reserve_quota("p", {"r": Amount(1, 1, 1)}, Amount(1, 1, 1))
    made.claims.quota_used("p")
    made.claims.free_quota("p", "r")
    made.claims.take_slot("s", "1")
    made.claims.take_slot("s", "1")
    made.claims.first_seen_orphan("o", NOW)
    made.claims.first_seen_orphan("o", NOW)
    made.claims.forget_orphan("o")


def test_only_single_items_are_written(calls: list[tuple[str, dict[str, Any]]]) -> None:
    assert {operation for operation, _ in calls} == _SINGLE_ITEM


def test_every_read_of_an_item_is_consistent(calls: list[tuple[str, dict[str, Any]]]) -> None:
    gets = [arguments for operation, arguments in calls if operation == "GetItem"]
    batches = [arguments for operation, arguments in calls if operation == "BatchGetItem"]
    queries = [
        arguments
        for operation, arguments in calls
        if operation == "Query" and "IndexName" not in arguments
    ]

    assert gets
    assert batches
    assert queries
    assert all(arguments["ConsistentRead"] for arguments in gets + queries)
    assert all(
        table["ConsistentRead"] for batch in batches for table in batch["RequestItems"].values()
    )


def test_the_client_gives_up_before_the_gateway_does(made: Stores) -> None:
    config = made.resources._model._get_connection().connection.client.meta.config  # type: ignore[attr-defined] # the adapter's

    assert (config.connect_timeout, config.read_timeout) == (2, 5)
    assert config.retries["total_max_attempts"] == 3
    assert config.max_pool_connections == 50
