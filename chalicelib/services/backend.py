"""What nearly every use case needs, wired by bootstrap."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.config import Settings
from chalicelib.metrics import Metrics
from chalicelib.services.ports import (
    CatalogStore,
    ClaimStore,
    Clock,
    IdFactory,
    ResourceStore,
    TaskStore,
    WorkflowEngine,
)
from chalicelib.services.qkd_ports import LinkStore, QKDLinkStore, TelemetryStore

SYSTEM = "system"


class Backend(Struct, frozen=True):
    """State, time, chance, workflows and what is counted.

    Cloud and lab are not in it: only steps touch them.
    """

    settings: Settings
    clock: Clock
    ids: IdFactory
    resources: ResourceStore
    tasks: TaskStore
    catalog: CatalogStore
    claims: ClaimStore
    links: LinkStore
    qkd_links: QKDLinkStore
    telemetry: TelemetryStore
    workflows: WorkflowEngine
    metrics: Metrics


def phone_home_url(settings: Settings) -> str:
    """Return where VMs report that cloud-init is done."""
    return f"{settings.public_url}/phone-home"
