"""The tables of a deployment: names, endpoint and timeouts put to the item classes."""

from __future__ import annotations

import time
from functools import cache
from typing import Any, TypeVar, cast

from msgspec import Struct
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE
from pynamodb.models import Model

from chalicelib.adapters.dynamodb.models import (
    CatalogItem,
    ClaimItem,
    LinkItem,
    QKDLinkItem,
    ResourceItem,
    TaskItem,
    TelemetryItem,
)
from chalicelib.config import Settings

# An API call has 29 s in all: better to say "try again" than to let the gateway cut it off.
CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 5
MAX_RETRIES = 2
MAX_POOL_CONNECTIONS = 50

_READY_TIMEOUT_SECONDS = 60
_READY_POLL_SECONDS = 0.05

ModelT = TypeVar("ModelT", bound=Model)


class Tables(Struct, frozen=True):
    """One item class per table, bound to its table."""

    resources: type[ResourceItem]
    tasks: type[TaskItem]
    catalog: type[CatalogItem]
    claims: type[ClaimItem]
    links: type[LinkItem]
    qkd_links: type[QKDLinkItem]
    qkd_telemetry: type[TelemetryItem]

    @property
    def models(self) -> tuple[type[Model], ...]:
        """All of them."""
        return (
            self.resources,
            self.tasks,
            self.catalog,
            self.claims,
            self.links,
            self.qkd_links,
            self.qkd_telemetry,
        )


def tables(settings: Settings) -> Tables:
    """Return the tables of a deployment, the same ones each time; no connection is made yet."""
    return _tables(settings.table_prefix, settings.dynamodb_url)


@cache
def _tables(prefix: str, url: str | None) -> Tables:
    bound = Tables(
        resources=_bound(ResourceItem, f"{prefix}resources", url),
        tasks=_bound(TaskItem, f"{prefix}tasks", url),
        catalog=_bound(CatalogItem, f"{prefix}catalog", url),
        claims=_bound(ClaimItem, f"{prefix}claims", url),
        links=_bound(LinkItem, f"{prefix}links", url),
        qkd_links=_bound(QKDLinkItem, f"{prefix}qkd_links", url),
        qkd_telemetry=_bound(TelemetryItem, f"{prefix}qkd_telemetry", url),
    )
    _share_client(bound)
    return bound


def _share_client(bound: Tables) -> None:
    """Let the tables use one client; pynamodb would make one each, 0.1 s apiece at a cold start."""
    first, *others = (
        model._get_connection()  # noqa: SLF001 - there is no public way to hand in a client
        for model in bound.models
    )
    for other in others:
        first.connection.add_meta_table(other.get_meta_table())
        other.connection = first.connection


def _bound(item: type[ModelT], table_name: str, url: str | None) -> type[ModelT]:
    """Return a subclass of the item class that is stored in this table."""
    meta = type(
        "Meta",
        (),
        {
            "table_name": table_name,
            "host": url,
            "billing_mode": PAY_PER_REQUEST_BILLING_MODE,
            "connect_timeout_seconds": CONNECT_TIMEOUT_SECONDS,
            "read_timeout_seconds": READ_TIMEOUT_SECONDS,
            "max_retry_attempts": MAX_RETRIES,
            "max_pool_connections": MAX_POOL_CONNECTIONS,
        },
    )
    make_class: Any = type(item)
    return cast("type[ModelT]", make_class(item.__name__, (item,), {"Meta": meta}))


def create_tables(settings: Settings) -> None:
    """Create the tables that are missing, with their indexes, and wait until they can be used.

    For stores on one machine and for tests; on AWS the template makes the tables.

    Raises:
        TimeoutError: a table is not ready after a minute.
    """
    models = tables(settings).models
    for model in models:
        model.create_table(wait=False, ignore_update_ttl_errors=True)
    deadline = time.monotonic() + _READY_TIMEOUT_SECONDS
    for model in models:
        while model.describe_table()["TableStatus"] != "ACTIVE":
            if time.monotonic() > deadline:
                raise TimeoutError(f"table {model.Meta.table_name} is not ready")
            time.sleep(_READY_POLL_SECONDS)
        # Again, because a table that is not ready yet refuses it.
        model.update_ttl(ignore_update_ttl_errors=True)
