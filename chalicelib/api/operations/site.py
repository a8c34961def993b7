"""The operations about the site itself, and the one of its VMs."""

from __future__ import annotations

from chalicelib.api.operations.model import REVALIDATE, Operation, Security
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.queries import NoQuery, QuotaQuery, StrictQuery
from chalicelib.api.schemas.site import (
    HealthAnswer,
    InfrastructureAnswer,
    PhoneHomeAnswer,
    PhoneHomeBody,
    QuotaAnswer,
)
from chalicelib.domain.errors import NotFound
from chalicelib.domain.permissions import Permission

LIST_INFRASTRUCTURES = Operation(
    name="list_infrastructures",
    method="GET",
    path="/infrastructures",
    tag="Site",
    summary="Say what this site is and can do",
    query=NoQuery,
    body=NoBody,
    answer=list[InfrastructureAnswer],
    permission=Permission.CATALOG_READ,
    has_etag=True,
    cache_control=REVALIDATE,
)

SHOW_QUOTA = Operation(
    name="show_quota",
    method="GET",
    path="/quota",
    tag="Site",
    summary="Show what a project uses and may use",
    query=QuotaQuery,
    body=NoBody,
    answer=QuotaAnswer,
    permission=Permission.QUOTA_READ,
    errors=(NotFound,),
)

SHOW_HEALTH = Operation(
    name="show_health",
    method="GET",
    path="/health",
    tag="Site",
    summary="Say whether the service works",
    query=NoQuery,
    body=NoBody,
    answer=HealthAnswer,
    security=Security.NONE,
)

PHONE_HOME = Operation(
    name="phone_home",
    method="POST",
    path="/phone-home",
    tag="Site",
    summary="Report that cloud-init is done (sent by VMs)",
    query=StrictQuery,
    body=PhoneHomeBody,
    answer=PhoneHomeAnswer,
    security=Security.PHONE_HOME,
)

OPERATIONS = (
    LIST_INFRASTRUCTURES,
    SHOW_QUOTA,
    SHOW_HEALTH,
    PHONE_HOME,
)
