"""Arguments and output of the command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.local.bench import (
    added_time,
    catalog_sync,
    import_time,
    lists,
    package_import,
    tunnel,
    warm_requests,
)
from infra.local.bench.machine import describe_machine
from infra.local.bench.model import Benchmark, Effort, Skipped
from infra.local.bench.report import Result, as_json, machine_text, result_text

BENCHMARKS: dict[str, Benchmark] = {
    module.BENCHMARK.name: module.BENCHMARK
    for module in (
        warm_requests,
        import_time,
        package_import,
        added_time,
        catalog_sync,
        lists,
        tunnel,
    )
}


def main(arguments: list[str] | None = None) -> int:
    """Run benchmarks, print what they found, and return the exit status 0."""
    options = _parser().parse_args(arguments)
    effort = Effort(is_quick=options.quick, samples=options.samples)
    machine = describe_machine()
    _print(machine_text(machine))
    results = []
    for result in _results(options.names or list(BENCHMARKS), effort):
        _print(result_text(result))
        results.append(result)
    if options.json is not None:
        options.json.write_text(as_json(machine, results), encoding="utf-8")
    return 0


def _results(names: list[str], effort: Effort) -> Iterator[Result]:
    for name in names:
        benchmark = BENCHMARKS[name]
        try:
            yield Result(benchmark, tuple(benchmark.run(effort)))
        except Skipped as reason:
            yield Result(benchmark, skipped=str(reason))


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _parser() -> argparse.ArgumentParser:
    listing = "\n".join(f"  {name:10}{entry.summary}" for name, entry in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.bench",
        description="Measure this backend on this machine.",
        epilog=f"benchmarks:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME", help="which (all)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all values there, too")
    parser.add_argument("--quick", action="store_true", help="small sizes, in about a minute")
    parser.add_argument("--samples", type=_count, metavar="N", help="measure each thing N times")
    return parser
