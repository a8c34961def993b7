"""CPU of a cold import from the package, beside a backend of the usual kind.

Measured by the Python that made the package and, where it is to be had, by an optimized one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any
from zipfile import ZipFile

from infra.aws.package.build import Wish, build_package
from infra.aws.package.environments import ROOT, InstallError, Requirements, ensure_environment
from infra.aws.package.runtimes import Interpreter, find_interpreter
from infra.local.bench.debian_python import VERSION, debian_python
from infra.local.bench.model import Benchmark, Effort, Figure, Skipped

_PROBE = Path(__file__).with_name("cold_probe.py")
_COMPARED = Path(__file__).with_name("compared") / "requirements.txt"
_USUAL_NAME = "FastAPI + SQLAlchemy + asyncpg"
_USUAL = ("fastapi", "sqlalchemy.ext.asyncio", "asyncpg")
_USUAL_SERVED = (*_USUAL, "uvicorn", "alembic.command")
# What no API on these libraries can do without, and what no call of AWS can.
_LIBRARIES = ("chalice.app", "pynamodb.models", "jwt", "msgspec")
# The module that Lambda imports, and the adapters that its first call loads.
_API = ("app", "chalicelib.adapters.dynamodb.stores", "chalicelib.adapters.slices_auth.verifier")
_STEP = (
    "functions.lifecycle.build",
    "chalicelib.adapters.dynamodb.stores",
    "chalicelib.adapters.openstack.compute",
)
_TARGETS_MS = {"api: import app": 250, "step: with openstacksdk": 450}
_OURS = {
    "bare chalice + pynamodb + PyJWT + msgspec": _LIBRARIES,
    "api: import app": ("app",),
    "api: with what its first call loads": _API,
    "step: with openstacksdk": _STEP,
}

Places = dict[str, tuple[Path, tuple[str, ...]]]


def run(effort: Effort) -> list[Figure]:
    """Measure each in turn, each time in a fresh process.

    Raises:
        Skipped: the package cannot be made or run here.
    """
    interpreter = find_interpreter()
    if not interpreter.can_run_package:
        raise Skipped("the package's libraries are for Linux on x86_64")
    try:
        package = build_package(Wish.of_stage("prod"))
        compared = _compared(interpreter)
    except InstallError as error:
        raise Skipped(str(error)) from error
    pythons = _pythons(interpreter)
    with tempfile.TemporaryDirectory() as directory:
        with ZipFile(package.archive) as packed:
            packed.extractall(directory)
        places: Places = {
            _USUAL_NAME: (compared, _USUAL),
            "the same, + uvicorn + alembic": (compared, _USUAL_SERVED),
        } | {name: (Path(directory), modules) for name, modules in _OURS.items()}
        figures = [
            figure
            for title, python in pythons.items()
            for figure in _figures(title, _measure(python, places, effort.repeat(7, 2)))
        ]
    return [
        *figures,
        Figure("package, zipped", "MB", (package.manifest.zipped / 1e6,), "target <= 20"),
        Figure("package, unzipped", "MB", (package.manifest.unzipped / 1e6,)),
    ]


def _pythons(interpreter: Interpreter) -> dict[str, tuple[str, ...]]:
    """Return the commands of the Pythons to measure with, by what their figures are titled."""
    pythons: dict[str, tuple[str, ...]] = {"": (str(interpreter.path),)}
    if interpreter.runtime.version == VERSION:
        try:
            pythons["Debian's CPython, "] = debian_python()
        except Skipped as reason:
            sys.stderr.write(f"an optimized CPython {VERSION} is not measured: {reason}\n")
    return pythons


def _measure(
    python: tuple[str, ...], places: Places, count: int
) -> dict[str, list[dict[str, Any]]]:
    measured: dict[str, list[dict[str, Any]]] = {name: [] for name in places}
    for _ in range(count):
        for name, (tree, modules) in places.items():
            measured[name].append(_probe(python, tree, modules))
    return measured


def _compared(interpreter: Interpreter) -> Path:
    """Return the site-packages of the other backend, with bytecode of the same Python."""
    version = interpreter.runtime.version
    pinned = Requirements(ROOT / f".venv-compared-{version}", _COMPARED, interpreter.path)
    python = ensure_environment(pinned)
    return python.parents[1] / "lib" / f"python{version}" / "site-packages"


def _figures(title: str, measured: dict[str, list[dict[str, Any]]]) -> list[Figure]:
    usual = median(one["cpu_ms"] for one in measured[_USUAL_NAME])
    started = tuple(float(one["start_ms"]) for probes in measured.values() for one in probes)
    remark = "comes before each import below"
    figures = [Figure(f"{title}interpreter start", "ms CPU", started, remark)]
    for name, probes in measured.items():
        values = tuple(float(one["cpu_ms"]) for one in probes)
        memory = median(one["rss_mib"] for one in probes)
        remark = f"{probes[-1]['modules']} modules, {memory:.0f} MiB"
        if name in _TARGETS_MS:
            remark += f", target <= {_TARGETS_MS[name]}"
        if name != _USUAL_NAME:
            remark += f", {median(values) / usual:.2f} x FastAPI's"
        figures.append(Figure(f"{title}{name}", "ms CPU", values, remark))
    return figures


def _probe(python: tuple[str, ...], tree: Path, modules: tuple[str, ...]) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own probe
        [*python, "-I", "-S", str(_PROBE), str(tree), *modules],
        env={"AWS_DEFAULT_REGION": "eu-west-1"},
        cwd="/",
        stdout=subprocess.PIPE,
        check=True,
    )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


BENCHMARK = Benchmark(
    "package", "CPU of a cold import from the package, by the Python of its version", run
)
