"""Time series of QKD links on the wire."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.api.schemas.base import Answer, Time
from chalicelib.domain.qkd import Provenance


class SampleAnswer(Answer, frozen=True):
    """One point of a time series: a sample, or what the samples of a step say together.

    Of a step, `at` is the begin; QBER and rates are means, stock and consumption those of its last
    sample, the faults those of all. Of one sample, the extremes are its own values.
    """

    at: Time
    qber: float | None
    skr_bit_per_s: float | None
    eskr_bit_per_s: float | None
    stock_bits: int
    consumed_bits: int
    qber_max: float | None
    skr_min_bit_per_s: float | None
    sample_count: int
    provenance: Provenance
    faults: list[str]


class SamplesAnswer(Answer, frozen=True):
    """A piece of a time series with its units, oldest first."""

    qkd_link_id: str
    units: dict[str, str]
    provenance: Provenance
    step_seconds: Annotated[
        int | None, Meta(description="Length of a step; null: every sample as it is.")
    ]
    is_cut: Annotated[bool, Meta(description="Whether the period has more after the last one.")]
    next_cursor: Annotated[
        str | None,
        Meta(description="Where it goes on, as in the Link header; null where nothing is left."),
    ]
    samples: list[SampleAnswer]
