"""Slow drift of a parameter: an Ornstein-Uhlenbeck process on the grid of blocks.

The exact step is x' = m + (x - m) a + s sqrt(1 - a^2) xi with a = exp(-dt/T). Unrolled, the value
at a block is a weighted sum over the noise of the blocks before it; the sum is cut after 20
correlation times, where the weights are below 2e-9. So a value needs no history.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from infra.onprem.qkd_agent.emulator.randomness import generator

_CHUNK = 1024
_MEMORY_IN_CORRELATION_TIMES = 20


@dataclass
class Drift:
    """One drifting parameter of one link.

    Attributes:
        mean: Value about which it drifts (m).
        deviation: Standard deviation over long times (s), in the unit of the mean.
        correlation_seconds: Time over which it forgets (T).
        block_seconds: Length of a block (dt).
    """

    seed: str
    link_id: str
    name: str
    mean: float
    deviation: float
    correlation_seconds: float
    block_seconds: float
    _chunks: dict[int, NDArray[np.float64]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        steps = self.correlation_seconds / self.block_seconds
        self._damping = math.exp(-1 / steps)
        length = max(1, math.ceil(_MEMORY_IN_CORRELATION_TIMES * steps))
        step_size = self.deviation * math.sqrt(1 - self._damping**2)
        self._weights = step_size * self._damping ** np.arange(length, dtype=np.float64)[::-1]

    @property
    def damping(self) -> float:
        """Return a, the share of a deviation that one block keeps."""
        return self._damping

    def at(self, block: int) -> float:
        """Return the value during a block."""
        if self.deviation == 0:
            return self.mean
        noise = self._noise(block - len(self._weights) + 1, block + 1)
        return self.mean + float(np.dot(self._weights, noise))

    def _noise(self, start: int, stop: int) -> NDArray[np.float64]:
        chunks = range(start // _CHUNK, (stop - 1) // _CHUNK + 1)
        for stale in self._chunks.keys() - set(chunks):
            del self._chunks[stale]
        joined = np.concatenate([self._chunk(index) for index in chunks])
        offset = chunks.start * _CHUNK
        return joined[start - offset : stop - offset]

    def _chunk(self, index: int) -> NDArray[np.float64]:
        if index not in self._chunks:
            random = generator(self.seed, self.link_id, f"drift {self.name}", index)
            self._chunks[index] = random.standard_normal(_CHUNK)
        return self._chunks[index]
