"""Random numbers that depend on nothing but (seed, link, stream, index).

Whoever asks, in whatever order and however often, gets the same numbers: so both ends of a link
and a restarted agent see the same link. They drive the physics, never a key.
"""

import hashlib

import numpy as np


def generator(seed: str, link_id: str, stream: str, index: int) -> np.random.Generator:
    """Return the generator of one index of one stream of a link."""
    name = f"{seed}\x00{link_id}\x00{stream}".encode()
    key = int.from_bytes(hashlib.sha256(name).digest()[:16], "big")
    return np.random.Generator(np.random.Philox(key=key, counter=index << 64))
