"""Metrics, kept as they were recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.metrics import Metric


@dataclass
class FakeMetrics:
    recorded: list[tuple[str, float, dict[str, str]]] = field(default_factory=list)

    def record(self, values: Mapping[Metric, float], **dimensions: str) -> None:
        for metric, value in values.items():
            assert set(metric.dimensions) <= dimensions.keys(), metric
            self.recorded.append((metric.name, value, dimensions))

    def of(self, metric: Metric) -> list[float]:
        """The values recorded for a metric, in order."""
        return [value for name, value, _ in self.recorded if name == metric.name]

    def dimensions_of(self, metric: Metric) -> list[dict[str, str]]:
        return [dimensions for name, _, dimensions in self.recorded if name == metric.name]
