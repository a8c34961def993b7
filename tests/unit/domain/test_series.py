"""What a step of a time series says of the samples in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.qkd import Provenance, Sample
from chalicelib.domain.series import as_points, in_steps, step_begin

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def sample(seconds, qber=0.03, skr=1000.0, **changes):
    at = NOW + timedelta(seconds=seconds)
    made = Sample(at, qber, skr, skr, 500, 70, Provenance.DEVICE)
    return replace(made, **changes)


def test_rates_are_means_and_counters_are_the_last():
    (point,) = in_steps(
        [
            sample(5, 0.02, 900.0),
            sample(15, 0.04, 1100.0, eskr_bit_per_s=None, stock_bits=7, consumed_bits=9),
        ],
        MINUTE,
    )
    assert point.sample == sample(0, 0.03, eskr_bit_per_s=900.0, stock_bits=7, consumed_bits=9)
    assert (point.sample_count, point.qber_max, point.skr_min_bit_per_s) == (2, 0.04, 900.0)


def test_what_is_unknown_is_left_out_of_means():
    known, unknown = sample(0, 0.02), sample(1, None, None, eskr_bit_per_s=None)
    (point,) = in_steps([known, unknown], MINUTE)
    assert (point.sample.qber, point.sample.skr_bit_per_s, point.sample_count) == (0.02, 1000.0, 2)
    (point,) = in_steps([unknown], MINUTE)
    assert (point.sample.qber, point.qber_max, point.skr_min_bit_per_s) == (None, None, None)


def test_numbers_that_are_emulated_in_part_are_called_emulated():
    (point,) = in_steps([sample(0, provenance=Provenance.EMULATED), sample(1)], MINUTE)
    assert point.sample.provenance is Provenance.EMULATED


def test_all_faults_are_kept():
    (point,) = in_steps([sample(0, faults=("eve", "dark")), sample(1, faults=("eve",))], MINUTE)
    assert point.sample.faults == ("dark", "eve")


@given(st.lists(st.integers(0, 5000), unique=True, max_size=60), st.integers(1, 900))
def test_each_sample_counts_once_in_the_step_that_holds_it(seconds, step_seconds):
    samples, step = [sample(n) for n in sorted(seconds)], timedelta(seconds=step_seconds)
    points = in_steps(samples, step)
    assert sum(point.sample_count for point in points) == len(samples)
    begins = [point.sample.at for point in points]
    assert begins == sorted({step_begin(one.at, step) for one in samples})
    assert all(begin.timestamp() % step_seconds == 0 for begin in begins)


def test_a_sample_alone_is_itself():
    (point,) = as_points([sample(7, 0.05)])
    assert point.sample == sample(7, 0.05)
    assert (point.sample_count, point.qber_max, point.skr_min_bit_per_s) == (1, 0.05, 1000.0)
