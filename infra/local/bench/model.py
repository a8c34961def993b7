"""What benchmarks return: figures, each with every single measurement behind it."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

_MIN_FOR_QUARTILES = 2


class Skipped(Exception):
    """A benchmark cannot run here; the text says why."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure. `samples` overrides how often each thing is measured."""

    is_quick: bool = False
    samples: int | None = None

    def choose(self, full: int, quick: int) -> int:
        """Return the full or the quick size."""
        return quick if self.is_quick else full

    def repeat(self, full: int, quick: int) -> int:
        """Return how often to measure."""
        return self.samples or self.choose(full, quick)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity: all its values in `unit`, and a remark such as a ratio or a target."""

    what: str
    unit: str
    values: tuple[float, ...]
    remark: str = ""

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The values below which a quarter, and three quarters, lie."""
        if len(self.values) < _MIN_FOR_QUARTILES:
            return self.median, self.median
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A named benchmark. `run` raises Skipped when something that it needs is missing."""

    name: str
    summary: str
    run: Callable[[Effort], list[Figure]]
