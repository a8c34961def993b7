"""Links and QKD links on the wire. No field can hold a key."""

from __future__ import annotations

from chalicelib.api.schemas.base import Answer, Time
from chalicelib.domain.qkd import Provenance, QKDLinkStatus, Severity
from chalicelib.domain.statuses import LinkStatus


class LinkEndAnswer(Answer, frozen=True):
    """One end of a link: as which SAE the resource fetches keys, and where."""

    resource_id: str
    sae_id: str
    kme_url: str
    enrolled_at: Time | None


class LinkAnswer(Answer, frozen=True):
    """A user's link. `active` means that both VMs can fetch keys.

    `waiting_reason` says why a link that is `releasing` is not `released` yet: its VMs do not wait.
    """

    id: str
    friendly_name: str
    type: str
    status: LinkStatus
    infra_id: str
    project_id: str
    experiment_id: str
    owner_id: str | None
    ends: list[LinkEndAnswer]
    qkd_link_id: str
    min_bandwidth_bit_per_s: int
    key_size_bits: int
    consumed_bits: int
    created_at: Time
    expires_at: Time
    ended_at: Time | None
    failure_reason: str | None
    waiting_reason: str | None
    task_id: str


class ResolvedLinkAnswer(Answer, frozen=True):
    """A wanted link with its QKD link, and what that has left to give."""

    friendly_name: str
    qkd_link_id: str
    min_bandwidth_bit_per_s: int
    key_size_bits: int
    free_bit_per_s: int


class AlarmAnswer(Answer, frozen=True):
    """Something that is wrong now."""

    kind: str
    subject: str
    severity: Severity
    message: str


class QKDLinkAnswer(Answer, frozen=True):
    """A physical QKD link as last seen. QBER is a fraction; rates are secret key rates."""

    id: str
    infra_id: str
    status: QKDLinkStatus
    ends: list[str]
    length_km: float | None
    skr_bit_per_s: float | None
    eskr_bit_per_s: float | None
    expected_skr_bit_per_s: float | None
    booked_bit_per_s: int
    free_bit_per_s: int
    qber: float | None
    stored_key_count: int
    max_key_count: int
    key_size_bits: int
    alarms: list[AlarmAnswer]
    provenance: Provenance
    updated_at: Time
