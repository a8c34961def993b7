"""The site, quotas, health and problems as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from chalicelib.api.present.forecast import amount_answer
from chalicelib.api.problem import PATH, ProblemKind
from chalicelib.api.schemas.site import (
    CheckAnswer,
    CloudLimitsAnswer,
    HealthAnswer,
    InfrastructureAnswer,
    NetworkAnswer,
    ProblemKindAnswer,
    QuotaAnswer,
)
from chalicelib.api.version import API_VERSION
from chalicelib.config import Settings
from chalicelib.domain.catalog import CloudLimits
from chalicelib.services.site import Health, QuotaState, SiteState

FEATURES = (
    "ansible",
    "console",
    "dry-run",
    "events",
    "extend",
    "idempotent-requests",
    "long-poll",
    "public-ipv4",
    "qkd",
    "reset",
)


def infrastructure_answer(settings: Settings, state: SiteState) -> InfrastructureAnswer:
    """Return what the site is and can do."""
    missing = set()
    if not any(network.is_external for network in state.networks):
        missing.add("public-ipv4")
    if not settings.qkd_sites:
        missing.add("qkd")
    return InfrastructureAnswer(
        id=settings.infra_id,
        infra_id=settings.infra_id,
        name=settings.site_name,
        kind="openstack",
        location=settings.site_location,
        api_version=API_VERSION,
        features=[name for name in FEATURES if name not in missing],
        max_duration_days=settings.max_duration.days,
        max_resources_per_request=settings.max_resources_per_request,
        networks=[
            NetworkAnswer(id=n.id, name=n.friendly_name, is_external=n.is_external)
            for n in state.networks
        ],
        catalog_checked_at=state.catalog_checked_at,
        supports_qkd=bool(settings.qkd_sites),
    )


def quota_answer(state: QuotaState) -> QuotaAnswer:
    """Return a project's quota."""
    return QuotaAnswer(
        project_id=state.project_id,
        limit=amount_answer(state.limit),
        used=amount_answer(state.used),
        cloud=_cloud_answer(state.cloud, state.cloud_checked_at) if state.cloud else None,
    )


def _cloud_answer(cloud: CloudLimits, checked_at: datetime | None) -> CloudLimitsAnswer:
    return CloudLimitsAnswer(
        instances=cloud.instances,
        instances_used=cloud.instances_used,
        vcpus=cloud.vcpus,
        vcpus_used=cloud.vcpus_used,
        ram_mib=cloud.ram_mib,
        ram_mib_used=cloud.ram_mib_used,
        checked_at=checked_at,
    )


def health_answer(health: Health) -> HealthAnswer:
    """Return the health: down without the store, degraded with an old catalog."""
    status: Literal["ok", "degraded", "down"] = "ok" if health.is_catalog_fresh else "degraded"
    return HealthAnswer(
        status=status if health.is_store_up else "down",
        version=API_VERSION,
        checks=[
            CheckAnswer(
                name="store", status="ok" if health.is_store_up else "down", checked_at=None
            ),
            CheckAnswer(
                name="catalog",
                status="ok" if health.is_catalog_fresh else "stale",
                checked_at=health.catalog_checked_at,
            ),
        ],
    )


def problem_kind_answer(kind: ProblemKind, base_url: str) -> ProblemKindAnswer:
    """Return what a problem's type means."""
    return ProblemKindAnswer(
        type=f"{base_url}{PATH}/{kind.slug}",
        title=kind.title,
        status=kind.status,
        code=kind.slug,
        meaning=kind.meaning,
    )
