"""Key rates by TNO's library: channels as JSON on the input, [exact, decoy] rates on the output.

Runs in the environment of the library (`make oracle`), which has nothing of ours.
"""

import json
import sys
from math import asin, sqrt

import numpy as np
from tno.quantum.communication.qkd_key_rate.quantum import standard_detector
from tno.quantum.communication.qkd_key_rate.quantum.bb84 import (
    BB84AsymptoticKeyRateEstimate,
    BB84FullyAsymptoticKeyRateEstimate,
)


def rates(channel):
    # Two detectors share the background; the library states misalignment as an angle.
    detector = standard_detector.customise(
        dark_count_rate=channel["background_yield"] / 2,
        polarization_drift=asin(sqrt(channel["misalignment_error"])),
        error_detector=0,
        efficiency_party=channel["receiver_efficiency"],
    )
    loss = channel["attenuation_db_per_km"] * channel["length_km"]
    mu, nu = channel["signal_intensity"], channel["decoy_intensity"]
    exact = BB84FullyAsymptoticKeyRateEstimate(detector=detector)
    decoy = BB84AsymptoticKeyRateEstimate(detector=detector, number_of_decoy=2)
    return [
        exact.compute_rate(mu=mu, attenuation=loss),
        decoy.compute_rate(mu=np.array([mu, nu, 0.0]), attenuation=loss),
    ]


json.dump([rates(channel) for channel in json.load(sys.stdin)], sys.stdout)
