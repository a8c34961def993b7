"""CPU of a cold start: import of the app and set-up for the first request, in fresh processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from infra.local.bench.model import Benchmark, Effort, Figure

_ROOT = Path(__file__).parents[3]
_KINDS = ("libraries", "api", "steps")
_ENVIRONMENT = {
    "PUBLIC_URL": "https://bi.example.org",
    "STATE_MACHINE_ARN_PREFIX": "arn:aws:states:eu-west-1:123456789012:stateMachine:",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "PYTHONDONTWRITEBYTECODE": "",  # the first probes write what the others read
}

Probe = dict[str, Any]


def run(effort: Effort) -> list[Figure]:
    """Measure each kind of process in turn, with bytecode and (unless quick) without."""
    count = effort.repeat(7, 2)
    for kind in _KINDS:
        _probe(kind, {})  # writes what bytecode is missing
    figures = _figures("with bytecode", _probes(count, {}))
    if not effort.is_quick:
        with _without_bytecode() as variables:
            figures += _figures("compiled anew", _probes(count, variables))
    return figures


def _probes(count: int, variables: dict[str, str]) -> dict[str, list[Probe]]:
    probes: dict[str, list[Probe]] = {kind: [] for kind in _KINDS}
    for _ in range(count):
        for kind in _KINDS:
            probes[kind].append(_probe(kind, variables))
    return probes


def _figures(how: str, probes: dict[str, list[Probe]]) -> list[Figure]:
    floor = _values(probes["libraries"], "ready_ms")
    figures = [Figure(f"bare libraries, {how}", "ms CPU", floor, "baseline")]
    for kind in _KINDS[1:]:
        ready = _values(probes[kind], "ready_ms")
        last = probes[kind][-1]
        remark = f"{median(ready) / median(floor):.2f} x libraries, {last['modules']} modules"
        if kind == "api" and last["banned"]:
            remark += f", MUST NOT IMPORT {', '.join(last['banned'])}"
        figures += [
            Figure(f"{kind}: import app, {how}", "ms CPU", _values(probes[kind], "import_ms")),
            Figure(f"{kind}: import and set-up, {how}", "ms CPU", ready, remark),
        ]
    return figures


def _values(probes: list[Probe], name: str) -> tuple[float, ...]:
    return tuple(float(probe[name]) for probe in probes)


def _probe(kind: str, variables: dict[str, str]) -> Probe:
    """Measure one fresh process.

    Raises:
        subprocess.CalledProcessError: the app cannot be imported; its message is on stderr.
    """
    command = [sys.executable, "-m", "infra.local.bench.import_probe", kind]
    finished = subprocess.run(  # noqa: S603  our own module
        command,
        cwd=_ROOT,
        env={**os.environ, **_ENVIRONMENT, **variables},
        stdout=subprocess.PIPE,
        check=True,
    )
    document: Probe = json.loads(finished.stdout)
    return document


@contextmanager
def _without_bytecode() -> Iterator[dict[str, str]]:
    """Yield variables that take bytecode from the standard library alone.

    That is the state of a zip that was packaged without bytecode: Lambda's own Python has its.
    """
    with tempfile.TemporaryDirectory() as directory:
        variables = {"PYTHONPYCACHEPREFIX": directory}
        for kind in _KINDS:
            _probe(kind, variables)
        packages = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
        for tree in {_ROOT, *map(Path, packages)}:
            for path in {tree, tree.resolve()}:
                compiled = Path(directory, *path.parts[1:])
                shutil.rmtree(compiled, ignore_errors=True)
        yield {**variables, "PYTHONDONTWRITEBYTECODE": "1"}


BENCHMARK = Benchmark(
    "import", "CPU of a cold start; set-up builds stores and token verifier, or the cloud's", run
)
