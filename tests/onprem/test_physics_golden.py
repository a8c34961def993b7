"""Golden numbers of the decoy-state formulas: GYS, PRA 72, 012326 (2005), and the fault table."""

import math

import pytest

from infra.onprem.qkd_agent.emulator.decoy import (
    Channel,
    binary_entropy,
    bounded_single_photons,
    decoy_rate,
    error_rate,
    expected,
    gain,
    optimal_signal_intensity,
    single_photons,
    unclamped_rate,
)
from infra.onprem.qkd_agent.emulator.faults import Fault, FaultKind, disturb

GYS = [
    # km, Q_mu, E_mu, Y1, e1, R, Y1L, e1U, R_vw
    (0, 2.137009e-2, 3.303715e-2, 4.500162e-2, 3.301770e-2, 2.554577e-3, 4.438483e-2,
     3.515287e-2, 2.414245e-3),
    (20, 8.180164e-3, 3.309705e-2, 1.711019e-2, 3.304646e-2, 9.624483e-4, 1.686837e-2,
     3.522248e-2, 9.077677e-4),
    (50, 1.924950e-3, 3.341243e-2, 4.012322e-3, 3.319792e-2, 2.225952e-4, 3.954807e-3,
     3.539849e-2, 2.096250e-4),
    (100, 1.732602e-4, 3.758213e-2, 3.591471e-4, 3.521057e-2, 1.718436e-5, 3.539934e-4,
     3.749238e-2, 1.602005e-5),
    (120, 6.692883e-5, 4.486185e-2, 1.375976e-4, 3.876978e-2, 4.814530e-6, 1.356329e-4,
     4.118583e-2, 4.368615e-6),
    (140, 2.649981e-5, 6.295870e-2, 5.336683e-5, 4.787634e-2, 2.464546e-7, 5.261496e-5,
     5.063259e-2, 7.377906e-8),
]  # fmt: skip


def rate(channel):
    return unclamped_rate(channel, expected(channel), single_photons(channel))


def unclamped_decoy_rate(channel):
    seen = expected(channel)
    return unclamped_rate(channel, seen, bounded_single_photons(channel, seen))


@pytest.mark.parametrize("row", GYS, ids=lambda row: f"{row[0]} km")
def test_gys_table(row):
    channel = Channel(row[0])
    exact, bounds = single_photons(channel), bounded_single_photons(channel, expected(channel))
    found = (
        gain(channel, 0.48), error_rate(channel, 0.48), exact.yield_, exact.error, rate(channel),
        bounds.yield_, bounds.error, decoy_rate(channel, expected(channel)),
    )  # fmt: skip
    # R_vw at 140 km is a difference of nearly equal numbers given to seven digits
    tolerance = 1e-5 if row[0] < 140 else 2e-5
    assert found == pytest.approx(row[1:], rel=tolerance)


def furthest(rate_at):
    low, high = 100.0, 200.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rate_at(Channel(middle)) > 0 else (low, middle)
    return low


def test_published_figures():
    assert optimal_signal_intensity(0.033, 1.22) == pytest.approx(0.479, abs=0.005)
    assert optimal_signal_intensity(0.033, 1.0) == pytest.approx(0.544, abs=0.005)
    assert furthest(rate) == pytest.approx(142.01, abs=0.1)
    assert furthest(unclamped_decoy_rate) == pytest.approx(140.62, abs=0.1)
    channel = Channel(40, decoy_intensity=0.12)
    exact, bounds = single_photons(channel), bounded_single_photons(channel, expected(channel))
    assert 1 - bounds.yield_ / exact.yield_ == pytest.approx(0.0351, abs=5e-4)
    assert bounds.error / exact.error - 1 == pytest.approx(0.1678, abs=5e-4)
    assert error_rate(Channel(122), 0.1) == pytest.approx(0.0896, abs=1e-3)


@pytest.mark.parametrize(
    ("km", "oracle"),
    [(0, 6.094649e-3), (50, 5.357012e-4), (100, 4.422994e-5), (140, 3.521740e-6)],
)
def test_independent_library_agrees(km, oracle):
    """tno.quantum.communication.qkd_key_rate 2.0.4 has f = 1, q = 1 and adds the vacuum term."""
    channel = Channel(km, correction_inefficiency=1.0, sifting_share=1.0)
    vacuum = math.exp(-0.48) * 1.7e-6
    assert rate(channel) + vacuum == pytest.approx(oracle, rel=1e-4)


def test_independent_library_agrees_on_decoys():
    channel = Channel(50, correction_inefficiency=1.0, sifting_share=1.0)
    vacuum = math.exp(-0.48) * 1.7e-6
    assert unclamped_decoy_rate(channel) + vacuum == pytest.approx(5.09765e-4, rel=2e-4)


def fault(kind, value=0.0):
    return Fault("f", "l", kind, value, 0.0, 1.0)


@pytest.mark.parametrize(
    ("km", "kind", "value", "qber", "exact", "decoy"),
    [
        (20, FaultKind.EVE, 0.05, 4.55945e-2, 5.27944e-4, 4.69010e-4),
        (20, FaultKind.EVE, 0.10, 5.80919e-2, 1.32932e-4, 7.04679e-5),
        (20, FaultKind.EVE, 0.15, 7.05893e-2, 0, 0),
        (20, FaultKind.EVE, 1.0, 0.283045, 0, 0),
        (20, FaultKind.LOSS, 3, 3.31932e-2, 4.79825e-4, 4.52211e-4),
        (20, FaultKind.LOSS, 10, 3.39651e-2, 9.32137e-5, 8.76669e-5),
        (50, FaultKind.NOISE, 10, 3.70917e-2, 1.96499e-4, 1.83491e-4),
        (50, FaultKind.NOISE, 100, 7.09267e-2, 0, 0),
    ],
)
def test_fault_table(km, kind, value, qber, exact, decoy):
    channel = disturb(Channel(km), [fault(kind, value)])
    seen = expected(channel)
    assert seen.signal_error == pytest.approx(qber, rel=1e-4)
    assert max(0.0, rate(channel)) == pytest.approx(exact, rel=1e-4)
    assert decoy_rate(channel, seen) == pytest.approx(decoy, rel=1e-4)


def test_eve_kills_the_key_where_expected():
    assert rate(disturb(Channel(20), [fault(FaultKind.EVE, 0.1177)])) > 0
    assert rate(disturb(Channel(20), [fault(FaultKind.EVE, 0.1179)])) < 0
    assert unclamped_decoy_rate(disturb(Channel(20), [fault(FaultKind.EVE, 0.1092)])) > 0
    assert unclamped_decoy_rate(disturb(Channel(20), [fault(FaultKind.EVE, 0.1094)])) < 0


def test_a_cut_fiber_gives_nothing():
    channel = disturb(Channel(20), [fault(FaultKind.CUT)])
    assert error_rate(channel, 0.48) == 0.5
    assert decoy_rate(channel, expected(channel)) == 0


def test_entropy():
    assert binary_entropy(0.5) == 1
    assert binary_entropy(0) == binary_entropy(1) == 0
    assert 1 - 2 * binary_entropy(0.11) == pytest.approx(1.7e-4, rel=0.05)
