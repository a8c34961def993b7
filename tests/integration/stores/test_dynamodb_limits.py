"""Late indexes, expiry, sizes, outages, set-up."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from pynamodb.exceptions import GetError, PutError

from chalicelib.adapters.dynamodb.claims import ClaimTable
from chalicelib.adapters.dynamodb.failures import ConditionFailed, store_errors
from chalicelib.adapters.dynamodb.resources import ResourceTable
from chalicelib.adapters.dynamodb.stores import stores
from chalicelib.adapters.dynamodb.tables import Tables, create_tables, tables
from chalicelib.adapters.dynamodb.tasks import TaskTable
from chalicelib.domain.errors import RequestTooLarge, Unavailable
from chalicelib.domain.statuses import ResourceStatus
from tests.contract.stores.backends import store_settings
from tests.contract.stores.samples import NOW, make_resource, make_task
from tests.integration.stores.doubles import client_error

# --- indexes that are behind -----------------------------------------------------------------

TABLES = ("resources", "tasks", "catalog", "claims", "links", "qkd_links", "qkd_telemetry")


def test_lists_drop_what_a_late_index_still_shows(bound: Tables) -> None:
    table = ResourceTable(bound.resources)
    kept = make_resource()
    gone = make_resource(
        experiment_id=kept.experiment_id,
        owner_id=kept.owner_id,
        status=ResourceStatus.TERMINATED,
    )
    table.add(kept)
    late: Any = table._to_item(gone)
    late.listed_experiment_id, late.listed_owner_id = gone.experiment_id, gone.owner_id
    late.live_shard = "0"
    late.save()

    assert table.in_experiment(kept.experiment_id, 5, None).items == (kept,)
    assert table.of_owner(str(kept.owner_id), 5, None).items == (kept,)
    assert list(table.live()) == [kept]


def test_due_drops_what_a_late_index_still_shows(bound: Tables) -> None:
    table = TaskTable(bound.tasks)
    late: Any = table._to_item(make_task(watch_at=NOW + timedelta(hours=1)))
    late.due_shard = "0"
    late.save()

    assert list(table.due(NOW)) == []


def test_indexes_are_sparse(bound: Tables) -> None:
    item = ResourceTable(bound.resources)._to_item(make_resource(status=ResourceStatus.TERMINATED))

    assert not item.serialize().keys() & {"listed_experiment_id", "listed_owner_id", "live_shard"}


# --- expiry ----------------------------------------------------------------------------------


def test_a_sighting_past_its_time_does_not_count(bound: Tables) -> None:
    claims, later = ClaimTable(bound.claims), NOW + timedelta(days=8)
    claims.first_seen_orphan("server", NOW)

    assert claims.first_seen_orphan("server", later) == later


# --- sizes -----------------------------------------------------------------------------------


def test_a_request_that_does_not_fit_is_refused_in_words(bound: Tables) -> None:
    table = TaskTable(bound.tasks)
    largest, too_large = (make_task(intent={"userdata": "x" * size}) for size in (356_000, 360_000))

    assert table.add(largest)
    with pytest.raises(RequestTooLarge, match="Shorten the userdata"):
        table.add(too_large)

    assert table.get(largest.id) == largest
    assert table.get(too_large.id) is None


# --- outages ---------------------------------------------------------------------------------


def test_a_store_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        away = stores(store_settings(f"http://127.0.0.1:{deaf.getsockname()[1]}"))

        with pytest.raises(Unavailable, match="does not answer"):
            away.resources.get("r_x")


@pytest.mark.parametrize(
    "cause",
    [
        client_error("ProvisionedThroughputExceededException"),
        client_error("ThrottlingException"),
        client_error("InternalServerError"),
        ReadTimeoutError(endpoint_url="http://store"),
    ],
)
def test_what_passes_by_itself_is_unavailable(cause: Exception) -> None:
    with pytest.raises(Unavailable), store_errors():
        raise GetError(cause=cause)


def test_a_refused_condition_is_told_apart() -> None:
    with pytest.raises(ConditionFailed), store_errors():
        raise PutError(cause=client_error("ConditionalCheckFailedException"))


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException"])
def test_mistakes_are_not_hidden(code: str) -> None:
    with pytest.raises(PutError), store_errors():
        raise PutError(cause=client_error(code))


# --- set-up ----------------------------------------------------------------------------------


def test_creating_tables_twice_is_harmless(bound: Tables) -> None:
    settings = store_settings()
    create_tables(settings)
    create_tables(settings)

    assert tables(settings) is tables(settings)
    assert tables(settings).resources is not bound.resources
    names = [model.Meta.table_name for model in tables(settings).models]
    prefix = settings.table_prefix
    assert names == [f"{prefix}{name}" for name in TABLES]


def test_all_tables_share_one_client(bound: Tables) -> None:
    clients = {id(model._get_connection().connection.client) for model in bound.models}

    assert len(clients) == 1


def test_importing_the_adapter_makes_no_client_and_loads_no_boto3() -> None:
    check = (
        "import sys, botocore.client as c\n"
        "c.ClientCreator.create_client = None\n"
        "import chalicelib.adapters.dynamodb.stores\n"
        "assert 'boto3' not in sys.modules and 'openstack' not in sys.modules\n"
    )

    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)
