"""Results as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.bench.model import Benchmark, Figure

_HEAD = ("what", "median", "p25 - p75", "n", "remark")
_EXACT_FROM = 100


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a benchmark: figures, or the reason why it was skipped."""

    benchmark: Benchmark
    figures: tuple[Figure, ...] = ()
    skipped: str | None = None


def machine_text(machine: Mapping[str, str]) -> str:
    """Return the lines that say what the figures were measured on."""
    return "".join(f"{name.replace('_', ' ')}: {value}\n" for name, value in machine.items())


def result_text(result: Result) -> str:
    """Return a result as a heading and a table with aligned columns."""
    heading = f"\n{result.benchmark.name}: {result.benchmark.summary}\n"
    if result.skipped is not None:
        return f"{heading}  skipped: {result.skipped}\n"
    return heading + table(result.figures)


def table(figures: Iterable[Figure]) -> str:
    """Return figures as a table with aligned columns."""
    rows = [_HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = (
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def as_json(machine: Mapping[str, str], results: Iterable[Result]) -> str:
    """Return everything, single values included."""
    document: dict[str, Any] = {
        "machine": dict(machine),
        "benchmarks": [_result_document(result) for result in results],
    }
    return json.dumps(document, indent=2) + "\n"


def _result_document(result: Result) -> dict[str, Any]:
    return {
        "name": result.benchmark.name,
        "summary": result.benchmark.summary,
        "skipped": result.skipped,
        "figures": [
            {
                "what": figure.what,
                "unit": figure.unit,
                "median": figure.median,
                "p25": figure.quartiles[0],
                "p75": figure.quartiles[1],
                "values": list(figure.values),
                "remark": figure.remark,
            }
            for figure in result.figures
        ],
    }


def _row(figure: Figure) -> tuple[str, ...]:
    low, high = figure.quartiles
    return (
        figure.what,
        f"{_number(figure.median)} {figure.unit}",
        f"{_number(low)} - {_number(high)}",
        str(len(figure.values)),
        figure.remark,
    )


def _number(value: float) -> str:
    """Return three significant digits or so; more would pretend to a precision that is not there.

    Whole numbers are counts and stay whole.
    """
    if value == int(value) or abs(value) >= _EXACT_FROM:
        return f"{value:.0f}"
    return f"{value:.2f}"
