"""All stores of a deployment."""

from __future__ import annotations

import time

from msgspec import Struct

from chalicelib.adapters.dynamodb.attempts import Sleeper
from chalicelib.adapters.dynamodb.catalog import CatalogTable
from chalicelib.adapters.dynamodb.claims import ClaimTable
from chalicelib.adapters.dynamodb.links import LinkTable, QKDLinkTable
from chalicelib.adapters.dynamodb.resources import ResourceTable
from chalicelib.adapters.dynamodb.tables import tables
from chalicelib.adapters.dynamodb.tasks import TaskTable
from chalicelib.adapters.dynamodb.telemetry import TelemetryTable
from chalicelib.config import Settings
from chalicelib.services.ports import CatalogStore, ClaimStore, ResourceStore, TaskStore
from chalicelib.services.qkd_ports import LinkStore, QKDLinkStore, TelemetryStore


class Stores(Struct, frozen=True):
    """The stores, one per table."""

    resources: ResourceStore
    tasks: TaskStore
    catalog: CatalogStore
    claims: ClaimStore
    links: LinkStore
    qkd_links: QKDLinkStore
    telemetry: TelemetryStore


def stores(settings: Settings, sleep: Sleeper = time.sleep) -> Stores:
    """Return the stores of a deployment; the first call of one connects.

    `sleep` waits between two tries of a compare-and-swap.
    """
    bound = tables(settings)
    return Stores(
        resources=ResourceTable(bound.resources, sleep),
        tasks=TaskTable(bound.tasks, sleep),
        catalog=CatalogTable(bound.catalog),
        claims=ClaimTable(bound.claims, sleep),
        links=LinkTable(bound.links, sleep),
        qkd_links=QKDLinkTable(bound.qkd_links, sleep),
        telemetry=TelemetryTable(bound.qkd_telemetry),
    )
