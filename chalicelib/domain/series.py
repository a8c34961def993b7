"""Time series of QKD links in equal steps: what a step says of the samples in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.qkd import Provenance, Sample

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Point(Struct, frozen=True):
    """One point of a series: `sample_count` samples, from the moment `sample.at` on.

    The rates and the QBER of `sample` are means; its stock and consumption are those of the last
    sample, its faults those of all. `qber_max` and `skr_min_bit_per_s` are the extremes that a
    mean would hide. A point of one sample is that sample.
    """

    sample: Sample
    sample_count: int
    qber_max: float | None
    skr_min_bit_per_s: float | None


def step_begin(at: datetime, step: timedelta) -> datetime:
    """Return the begin of the step that holds the moment: a multiple of the step since 1970."""
    return at - (at - EPOCH) % step


def as_points(samples: Iterable[Sample]) -> tuple[Point, ...]:
    """Return each sample as a point of its own."""
    return tuple(Point(one, 1, one.qber, one.skr_bit_per_s) for one in samples)


def in_steps(samples: Iterable[Sample], step: timedelta) -> tuple[Point, ...]:
    """Return one point per step that has samples, which come oldest first."""
    groups = groupby(samples, key=lambda sample: step_begin(sample.at, step))
    return tuple(_point(begin, tuple(group)) for begin, group in groups)


def _point(begin: datetime, samples: tuple[Sample, ...]) -> Point:
    last = samples[-1]
    qbers = [one.qber for one in samples if one.qber is not None]
    rates = [one.skr_bit_per_s for one in samples if one.skr_bit_per_s is not None]
    left = [one.eskr_bit_per_s for one in samples if one.eskr_bit_per_s is not None]
    # Emulated numbers are never called a device's, not even in part.
    is_emulated = any(one.provenance is Provenance.EMULATED for one in samples)
    mean = replace(
        last,
        at=begin,
        qber=_mean(qbers),
        skr_bit_per_s=_mean(rates),
        eskr_bit_per_s=_mean(left),
        provenance=Provenance.EMULATED if is_emulated else last.provenance,
        faults=tuple(sorted({fault for one in samples for fault in one.faults})),
    )
    return Point(mean, len(samples), max(qbers, default=None), min(rates, default=None))


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
