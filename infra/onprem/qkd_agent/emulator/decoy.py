"""Decoy-state BB84 with a weak and a vacuum decoy, in closed form.

Formulas: X. Ma, B. Qi, Y. Zhao, H.-K. Lo, Phys. Rev. A 72, 012326 (2005),
arXiv:quant-ph/0503005. Symbols follow the paper: Q a gain, E an error rate, Y1 and e1 the yield
and error rate of single photons, R secret bits per signal pulse.
"""

import math
from dataclasses import dataclass, replace

BACKGROUND_ERROR = 0.5
"""Error rate e0 of detections that no photon caused."""


@dataclass(frozen=True)
class Channel:
    """What a pulse meets between the two parties, and how the protocol is run.

    Attributes:
        length_km: Length of the fiber.
        attenuation_db_per_km: Loss of the fiber (alpha).
        extra_loss_db: Loss on top of the fiber's.
        receiver_efficiency: Transmittance and detection efficiency at the receiver (eta_Bob).
        background_yield: Probability of a detection without a photon, per pulse (Y0).
        misalignment_error: Probability that a photon is detected wrongly (e_d).
        correction_inefficiency: Cost of error correction over the Shannon limit (f).
        sifting_share: Share of pulses whose bases agree (q).
        signal_intensity: Mean photon number of a signal pulse (mu).
        decoy_intensity: Mean photon number of a weak decoy pulse (nu).
        is_cut: No light arrives at all.
    """

    length_km: float
    attenuation_db_per_km: float = 0.21
    extra_loss_db: float = 0.0
    receiver_efficiency: float = 0.045
    background_yield: float = 1.7e-6
    misalignment_error: float = 0.033
    correction_inefficiency: float = 1.22
    sifting_share: float = 0.5
    signal_intensity: float = 0.48
    decoy_intensity: float = 0.05
    is_cut: bool = False

    @property
    def transmittance(self) -> float:
        """Return eta, the chance that a photon is detected."""
        if self.is_cut:
            return 0.0
        loss_db = self.attenuation_db_per_km * self.length_km + self.extra_loss_db
        return 10 ** (-loss_db / 10) * self.receiver_efficiency

    def but(self, **changes: float | bool) -> "Channel":
        """Return a copy with some attributes changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # one dict for all field types


@dataclass(frozen=True)
class Observables:
    """What both parties can measure: gains and error rates of the three intensities."""

    signal_gain: float
    signal_error: float
    decoy_gain: float
    decoy_error: float
    vacuum_yield: float


@dataclass(frozen=True)
class SinglePhotons:
    """Yield (Y1) and error rate (e1) of single photons, exact or bounded."""

    yield_: float
    error: float


def binary_entropy(probability: float) -> float:
    """Return H2(x) in bits, 0 at and outside the ends of [0, 1]."""
    if probability <= 0 or probability >= 1:
        return 0.0
    rest = 1 - probability
    return -probability * math.log2(probability) - rest * math.log2(rest)


def gain(channel: Channel, intensity: float) -> float:
    """Return Q, the chance that a pulse of this intensity gives a detection."""
    return channel.background_yield - math.expm1(-channel.transmittance * intensity)


def error_rate(channel: Channel, intensity: float) -> float:
    """Return E, the chance that such a detection is wrong (the QBER, for signal pulses)."""
    wrong = BACKGROUND_ERROR * channel.background_yield
    wrong -= channel.misalignment_error * math.expm1(-channel.transmittance * intensity)
    all_detections = gain(channel, intensity)
    return min(0.5, wrong / all_detections) if all_detections > 0 else 0.5


def expected(channel: Channel) -> Observables:
    """Return what the parties measure in the limit of endlessly many pulses."""
    mu, nu = channel.signal_intensity, channel.decoy_intensity
    return Observables(
        signal_gain=gain(channel, mu),
        signal_error=error_rate(channel, mu),
        decoy_gain=gain(channel, nu),
        decoy_error=error_rate(channel, nu),
        vacuum_yield=channel.background_yield,
    )


def single_photons(channel: Channel) -> SinglePhotons:
    """Return the exact Y1 and e1 of the channel, which the parties cannot measure."""
    eta, background = channel.transmittance, channel.background_yield
    yield_ = background + eta - background * eta
    wrong = BACKGROUND_ERROR * background + channel.misalignment_error * eta
    return SinglePhotons(yield_, min(0.5, wrong / yield_) if yield_ > 0 else 0.5)


def bounded_single_photons(channel: Channel, seen: Observables) -> SinglePhotons:
    """Return the lower bound of Y1 and the upper bound of e1 that the decoys give.

    Args:
        channel: Only its intensities are used.
        seen: Measured or expected observables.
    """
    mu, nu = channel.signal_intensity, channel.decoy_intensity
    decoy_part = seen.decoy_gain * math.exp(nu)
    yield_ = mu / (mu * nu - nu**2)
    yield_ *= (
        decoy_part
        - seen.signal_gain * math.exp(mu) * nu**2 / mu**2
        - (mu**2 - nu**2) / mu**2 * seen.vacuum_yield
    )
    if yield_ <= 0:
        return SinglePhotons(0.0, 0.5)
    error = (seen.decoy_error * decoy_part - BACKGROUND_ERROR * seen.vacuum_yield) / (yield_ * nu)
    return SinglePhotons(yield_, min(0.5, max(0.0, error)))


def unclamped_rate(channel: Channel, seen: Observables, single: SinglePhotons) -> float:
    """Return R in secret bits per signal pulse, negative where there is no key."""
    mu = channel.signal_intensity
    correction = channel.correction_inefficiency * binary_entropy(seen.signal_error)
    single_gain = single.yield_ * mu * math.exp(-mu)
    secret = single_gain * (1 - binary_entropy(single.error))
    return channel.sifting_share * (secret - seen.signal_gain * correction)


def decoy_rate(channel: Channel, seen: Observables) -> float:
    """Return R from the vacuum and weak decoy bounds, never below 0."""
    single = bounded_single_photons(channel, seen)
    if single.yield_ <= 0:
        return 0.0
    return max(0.0, unclamped_rate(channel, seen, single))


def optimal_signal_intensity(misalignment_error: float, correction_inefficiency: float) -> float:
    """Return mu that solves (1 - mu) exp(-mu) = f H2(e_d) / (1 - H2(e_d)), by bisection."""
    entropy = binary_entropy(misalignment_error)
    target = correction_inefficiency * entropy / (1 - entropy)
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if (1 - middle) * math.exp(-middle) > target:
            low = middle
        else:
            high = middle
    return (low + high) / 2
