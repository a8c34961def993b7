"""Links and QKD links as clients see them."""

from __future__ import annotations

from chalicelib.api.schemas.link_answer import (
    AlarmAnswer,
    LinkAnswer,
    LinkEndAnswer,
    QKDLinkAnswer,
)
from chalicelib.domain.links import Link
from chalicelib.domain.qkd import QKDLink


def link_answer(link: Link) -> LinkAnswer:
    """Return a user's link."""
    return LinkAnswer(
        id=link.id,
        friendly_name=link.spec.friendly_name,
        type="qkd",
        status=link.status,
        infra_id=link.infra_id,
        project_id=link.project_id,
        experiment_id=link.experiment_id,
        owner_id=link.owner_id,
        ends=[
            LinkEndAnswer(
                resource_id=end.resource_id,
                sae_id=end.sae_id,
                kme_url=end.kme_url,
                enrolled_at=end.enrolled_at,
            )
            for end in link.ends
        ],
        qkd_link_id=link.spec.qkd_link_id,
        min_bandwidth_bit_per_s=link.spec.min_bandwidth_bit_per_s,
        key_size_bits=link.spec.key_size_bits,
        consumed_bits=link.consumed_bits,
        created_at=link.created_at,
        expires_at=link.expires_at,
        ended_at=link.ended_at,
        failure_reason=link.failure_reason,
        waiting_reason=link.waiting_reason,
        task_id=link.task_id,
    )


def qkd_link_answer(link: QKDLink) -> QKDLinkAnswer:
    """Return a physical QKD link."""
    state = link.state
    return QKDLinkAnswer(
        id=link.id,
        infra_id=link.infra_id,
        status=state.status,
        ends=list(link.ends),
        length_km=state.length_km,
        skr_bit_per_s=state.skr_bit_per_s,
        eskr_bit_per_s=state.eskr_bit_per_s,
        expected_skr_bit_per_s=state.expected_skr_bit_per_s,
        booked_bit_per_s=link.booked_bit_per_s,
        free_bit_per_s=link.free_bit_per_s,
        qber=state.qber,
        stored_key_count=state.stored_key_count,
        max_key_count=state.max_key_count,
        key_size_bits=state.key_size_bits,
        alarms=[
            AlarmAnswer(
                kind=alarm.kind,
                subject=alarm.subject,
                severity=alarm.severity,
                message=alarm.message,
            )
            for alarm in link.alarms
        ],
        provenance=state.provenance,
        updated_at=link.updated_at,
    )
