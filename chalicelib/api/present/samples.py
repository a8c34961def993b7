"""Time series of QKD links as clients see them: JSON, and CSV that explains itself."""

from __future__ import annotations

from chalicelib.api.schemas.base import rfc3339
from chalicelib.api.schemas.samples import SampleAnswer, SamplesAnswer
from chalicelib.domain.series import Point
from chalicelib.services.view_samples import Series

UNITS = {
    "at": "RFC 3339, UTC",
    "qber": "fraction",
    "skr_bit_per_s": "bit/s of secret key",
    "eskr_bit_per_s": "bit/s of secret key, after internal consumption",
    "stock_bits": "bit",
    "consumed_bits": "bit",
    "qber_max": "fraction",
    "skr_min_bit_per_s": "bit/s of secret key",
    "sample_count": "samples",
}
_COLUMNS = (*UNITS, "provenance", "faults")


def samples_answer(series: Series, next_cursor: str | None) -> SamplesAnswer:
    """Return a piece of a time series."""
    return SamplesAnswer(
        qkd_link_id=series.link.id,
        units=UNITS,
        provenance=series.link.state.provenance,
        step_seconds=int(series.step.total_seconds()) if series.step else None,
        is_cut=next_cursor is not None,
        next_cursor=next_cursor,
        samples=[_sample(point) for point in series.points],
    )


def samples_csv(series: Series) -> str:
    """Return it as CSV; what it is, units, provenance and period come first, as comments."""
    link = series.link
    ends = " - ".join(link.ends)
    units = ", ".join(f"{name} in {unit}" for name, unit in UNITS.items())
    period = f"From {rfc3339(series.begin)} to before {rfc3339(series.end)}"
    head = [
        f"# QKD link {link.id}, {ends} of {link.infra_id}, {link.state.provenance} data",
        f"# {units}",
        f"# {period}: {_meaning(series)}",
    ]
    if series.next_at is not None:
        head.append(f"# Cut at {rfc3339(series.next_at)}: the Link header says where the rest is.")
    return "\n".join([*head, ",".join(_COLUMNS), *(_line(one) for one in series.points)]) + "\n"


def _meaning(series: Series) -> str:
    if series.step is None:
        return "every sample."
    return (
        f"one line per {series.step.total_seconds():.0f} s that has samples; qber and rates are "
        "means, stock_bits and consumed_bits those of the last sample, faults those of all."
    )


def _line(point: Point) -> str:
    shown = _sample(point)
    values = (
        rfc3339(shown.at),
        *(getattr(shown, name) for name in _COLUMNS if name not in {"at", "faults"}),
        "+".join(shown.faults),
    )
    return ",".join("" if value is None else str(value) for value in values)


def _sample(point: Point) -> SampleAnswer:
    sample = point.sample
    return SampleAnswer(
        at=sample.at,
        qber=sample.qber,
        skr_bit_per_s=sample.skr_bit_per_s,
        eskr_bit_per_s=sample.eskr_bit_per_s,
        stock_bits=sample.stock_bits,
        consumed_bits=sample.consumed_bits,
        qber_max=point.qber_max,
        skr_min_bit_per_s=point.skr_min_bit_per_s,
        sample_count=point.sample_count,
        provenance=sample.provenance,
        faults=list(sample.faults),
    )
