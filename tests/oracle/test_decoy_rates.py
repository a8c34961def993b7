"""The emulator's key rates against an independent library: other authors, other method.

The library takes an ideal error correction and keeps all pulses (f = 1, q = 1), counts the
secret bits of empty pulses besides, and bounds single photons by linear programs where the
emulator has the closed form of the paper.
"""

import itertools
import json
import math
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from infra.onprem.qkd_agent.emulator.decoy import (
    Channel,
    bounded_single_photons,
    expected,
    gain,
    single_photons,
    unclamped_rate,
)

PYTHON = Path(__file__).parents[2] / ".venv-oracle" / "bin" / "python"
AS_THE_LIBRARY = {"correction_inefficiency": 1.0, "sifting_share": 1.0}
GYS = [Channel(km, **AS_THE_LIBRARY) for km in range(0, 151, 10)]
PARAMETERS = {
    "length_km": (5, 60, 110),
    "misalignment_error": (0.005, 0.033, 0.06),
    "background_yield": (1e-7, 1e-5),
    "receiver_efficiency": (0.045, 0.4),
    "signal_intensity": (0.3, 0.7),
    "decoy_intensity": (0.02, 0.15),
}
GRID = [
    Channel(**dict(zip(PARAMETERS, values, strict=True)), **AS_THE_LIBRARY)
    for values in itertools.product(*PARAMETERS.values())
]


def ask(channels):
    given = json.dumps([asdict(channel) for channel in channels])
    done = subprocess.run(
        [PYTHON, Path(__file__).parent / "rates.py"],
        input=given, capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def library():
    if not PYTHON.exists():
        pytest.skip("the independent key-rate library is not installed: make oracle")
    return dict(zip(GYS + GRID, ask(GYS + GRID), strict=True))


def exact_rate(channel):
    return unclamped_rate(channel, expected(channel), single_photons(channel)) + vacuum(channel)


def decoy_rate(channel):
    seen = expected(channel)
    bounds = bounded_single_photons(channel, seen)
    return unclamped_rate(channel, seen, bounds) + vacuum(channel)


def vacuum(channel):
    return math.exp(-channel.signal_intensity) * channel.background_yield


def other_model(channel):
    """How far the detector models may part, as a share of the signal gain.

    The library has two detectors that may both click, the paper one probability per pulse: they
    part in the third order of the photons that arrive, and in products with the background.
    """
    return 5e-5 + 0.02 * (channel.transmittance * channel.signal_intensity) ** 2


@pytest.mark.parametrize("channel", GYS, ids=lambda channel: f"{channel.length_km} km")
def test_the_reference_set_agrees(library, channel):
    exact, decoy = library[channel]
    assert exact_rate(channel) == pytest.approx(exact, rel=1e-4)
    assert decoy_rate(channel) == pytest.approx(decoy, rel=2e-4)


def test_other_parameters_agree(library):
    """As a share of the gain, since a relative error says nothing where the rate crosses zero."""
    shares = {
        channel: abs(exact_rate(channel) - library[channel][0])
        / gain(channel, channel.signal_intensity)
        / other_model(channel)
        for channel in GRID
    }
    worst = max(shares, key=shares.__getitem__)
    assert len(shares) == 144
    assert shares[worst] < 1, worst


def test_the_closed_bound_is_never_above_the_best_and_close_to_it(library):
    """Linear programs find the best bound; a closed form above it would promise too much key."""
    for channel in GRID:
        below = library[channel][1] - decoy_rate(channel)
        below /= gain(channel, channel.signal_intensity)
        assert -other_model(channel) < below < 0.01, channel
