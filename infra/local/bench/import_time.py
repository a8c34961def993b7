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
from typing import Any

from infra.local.bench.model import Benchmark, Effort, Figure

_ROOT = Path(__file__).parents[3]
_TARGETS_MS = {"api": 250, "steps": 400}
_ENVIRONMENT = {
    "PUBLIC_URL": "https://bi.example.org",
    "STATE_MACHINE_ARN_PREFIX": "arn:aws:states:eu-west-1:123456789012:stateMachine:",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}

Probe = dict[str, Any]


def run(effort: Effort) -> list[Figure]:
    """Measure both kinds of process, with bytecode and (unless quick) without."""
    count = effort.repeat(7, 3)
    figures: list[Figure] = []
    for kind, target in _TARGETS_MS.items():
        _probe(kind, {})  # writes what bytecode is missing
        probes = [_probe(kind, {}) for _ in range(count)]
        figures += _figures(kind, "with bytecode", probes, target)
    if effort.is_quick:
        return figures
    with _without_bytecode() as variables:
        for kind in _TARGETS_MS:
            probes = [_probe(kind, variables) for _ in range(count)]
            figures += _figures(kind, "compiled anew", probes, None)
    return figures


def _figures(kind: str, how: str, probes: list[Probe], target: int | None) -> list[Figure]:
    last = probes[-1]
    banned = last["banned"] if kind == "api" else []
    remark = f"{last['modules']} modules"
    remark += f", target <= {target}" if target is not None else ""
    remark += f", MUST NOT IMPORT {', '.join(banned)}" if banned else ""
    imported = tuple(float(probe["import_ms"]) for probe in probes)
    ready = tuple(float(probe["ready_ms"]) for probe in probes)
    return [
        Figure(f"{kind}: import app, {how}", "ms CPU", imported),
        Figure(f"{kind}: import and set-up, {how}", "ms CPU", ready, remark),
    ]


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
        for kind in _TARGETS_MS:
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
