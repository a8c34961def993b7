"""The site, its quota and its health; VMs that phone home; problems."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.api.schemas.base import Answer, Body, Reference, Time
from chalicelib.api.schemas.reading import text_type
from chalicelib.api.schemas.resource_answer import AmountAnswer

HostKey = Annotated[
    str,
    text_type(
        "Must be one line of 1 to 16384 ASCII characters",
        min_length=1,
        max_length=16_384,
        pattern=r"^[ -~]+$",
    ),
]


class NetworkAnswer(Answer, frozen=True):
    """A network of the site."""

    id: str
    name: str
    is_external: bool


class InfrastructureAnswer(Answer, frozen=True):
    """An infrastructure that resources can be asked of."""

    id: str
    infra_id: str
    name: str
    kind: str
    location: str
    api_version: str
    features: list[str]
    max_duration_days: int
    max_resources_per_request: int
    networks: list[NetworkAnswer]
    catalog_checked_at: Time | None
    supports_qkd: bool


class CloudLimitsAnswer(Answer, frozen=True):
    """What the cloud lets the whole site use; -1 means unlimited."""

    instances: int
    instances_used: int
    vcpus: int
    vcpus_used: int
    ram_mib: int
    ram_mib_used: int
    checked_at: Time | None


class QuotaAnswer(Answer, frozen=True):
    """A project's quota."""

    project_id: str
    limit: AmountAnswer
    used: AmountAnswer
    cloud: CloudLimitsAnswer | None


class CheckAnswer(Answer, frozen=True):
    """One part of the health."""

    name: str
    status: Literal["ok", "stale", "down"]
    checked_at: Time | None


class HealthAnswer(Answer, frozen=True):
    """Whether the service works."""

    status: Literal["ok", "degraded", "down"]
    version: str
    checks: list[CheckAnswer]


class PhoneHomeBody(Body, frozen=True, kw_only=True):
    """POST /phone-home, sent by the VM with its one-time token."""

    resource_id: Reference
    ssh_host_keys: Annotated[list[HostKey], Meta(max_length=20)]


class PhoneHomeAnswer(Answer, frozen=True):
    """The report was recorded."""

    resource_id: str


class FieldErrorAnswer(Answer, frozen=True):
    """One wrong field."""

    field: str
    message: str


class ProblemAnswer(Answer, frozen=True):
    """What went wrong (RFC 9457); `detail` says what to do."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[FieldErrorAnswer]
    request_id: Annotated[
        str | None,
        Meta(description="As in X-Request-Id; under it the operators find the request."),
    ]


class ProblemKindAnswer(Answer, frozen=True):
    """What a problem's `type` means."""

    type: str
    title: str
    status: int
    code: str
    meaning: str
