"""Links, QKD links and time series as clients see them."""

from __future__ import annotations

from chalicelib.api.schemas.base import rfc3339
from chalicelib.api.schemas.link_answer import (
    AlarmAnswer,
    LinkAnswer,
    LinkEndAnswer,
    QKDLinkAnswer,
    SampleAnswer,
    SamplesAnswer,
)
from chalicelib.domain.links import Link
from chalicelib.domain.qkd import QKDLink, Sample
from chalicelib.services.view_links import SamplePeriod

UNITS = {
    "at": "RFC 3339, UTC",
    "qber": "fraction",
    "skr_bit_per_s": "bit/s of secret key",
    "eskr_bit_per_s": "bit/s of secret key, after internal consumption",
    "stock_bits": "bit",
    "consumed_bits": "bit",
}
_COLUMNS = (*UNITS, "provenance", "faults")


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


def samples_answer(period: SamplePeriod) -> SamplesAnswer:
    """Return a time series."""
    return SamplesAnswer(
        qkd_link_id=period.link.id,
        units=UNITS,
        provenance=period.link.state.provenance,
        is_cut=period.is_cut,
        samples=[_sample(sample) for sample in period.samples],
    )


def samples_csv(period: SamplePeriod) -> str:
    """Return a time series as CSV; units and provenance come first, as comments."""
    units = ", ".join(f"{name} in {unit}" for name, unit in UNITS.items())
    head = [
        f"# QKD link {period.link.id}, {period.link.state.provenance} data",
        f"# {units}",
        ",".join(_COLUMNS),
    ]
    return "\n".join([*head, *(_line(sample) for sample in period.samples)]) + "\n"


def _line(sample: Sample) -> str:
    values = (
        rfc3339(sample.at),
        sample.qber,
        sample.skr_bit_per_s,
        sample.eskr_bit_per_s,
        sample.stock_bits,
        sample.consumed_bits,
        sample.provenance,
        "+".join(sample.faults),
    )
    return ",".join("" if value is None else str(value) for value in values)


def _sample(sample: Sample) -> SampleAnswer:
    return SampleAnswer(
        at=sample.at,
        qber=sample.qber,
        skr_bit_per_s=sample.skr_bit_per_s,
        eskr_bit_per_s=sample.eskr_bit_per_s,
        stock_bits=sample.stock_bits,
        consumed_bits=sample.consumed_bits,
        provenance=sample.provenance,
        faults=list(sample.faults),
    )
