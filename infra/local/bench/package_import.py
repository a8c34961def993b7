"""CPU of a cold import from the package, by its own Python, beside a backend of the usual kind."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import Any
from zipfile import ZipFile

from infra.aws.package.build import Wish, build_package
from infra.aws.package.environments import ROOT, InstallError, Requirements, ensure_environment
from infra.aws.package.runtimes import Interpreter, find_interpreter
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
_TARGETS_MS = {
    "api: import app": (("app",), 250),
    "api: with its adapters": (_API, 250),
    "step: with openstacksdk": (_STEP, 450),
}


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
    with tempfile.TemporaryDirectory() as directory:
        with ZipFile(package.archive) as packed:
            packed.extractall(directory)
        places = {
            _USUAL_NAME: (compared, _USUAL),
            "the same, + uvicorn + alembic": (compared, _USUAL_SERVED),
            "bare chalice + pynamodb + PyJWT + msgspec": (Path(directory), _LIBRARIES),
        } | {name: (Path(directory), modules) for name, (modules, _) in _TARGETS_MS.items()}
        measured: dict[str, list[dict[str, Any]]] = {name: [] for name in places}
        for _ in range(effort.repeat(7, 2)):
            for name, (tree, modules) in places.items():
                measured[name].append(_probe(interpreter, tree, modules))
    return [
        *_figures(measured),
        Figure("package, zipped", "MB", (package.manifest.zipped / 1e6,), "target <= 20"),
        Figure("package, unzipped", "MB", (package.manifest.unzipped / 1e6,)),
    ]


def _compared(interpreter: Interpreter) -> Path:
    """Return the site-packages of the other backend, with bytecode of the same Python."""
    version = interpreter.runtime.version
    pinned = Requirements(ROOT / f".venv-compared-{version}", _COMPARED, interpreter.path)
    python = ensure_environment(pinned)
    return python.parents[1] / "lib" / f"python{version}" / "site-packages"


def _figures(measured: dict[str, list[dict[str, Any]]]) -> list[Figure]:
    usual = median(one["cpu_ms"] for one in measured[_USUAL_NAME])
    started = tuple(float(one["start_ms"]) for probes in measured.values() for one in probes)
    figures = [Figure("interpreter start", "ms CPU", started, "comes before each import below")]
    for name, probes in measured.items():
        values = tuple(float(one["cpu_ms"]) for one in probes)
        remark = f"{probes[-1]['modules']} modules"
        if name in _TARGETS_MS:
            remark += f", target <= {_TARGETS_MS[name][1]}"
        if name != _USUAL_NAME:
            remark += f", {median(values) / usual:.2f} x FastAPI's"
        memory = tuple(float(one["rss_mib"]) for one in probes)
        figures += [
            Figure(name, "ms CPU", values, remark),
            Figure(f"{name}: peak RSS", "MiB", memory),
        ]
    return figures


def _probe(interpreter: Interpreter, tree: Path, modules: tuple[str, ...]) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own probe
        [str(interpreter.path), "-I", "-S", str(_PROBE), str(tree), *modules],
        env={"AWS_DEFAULT_REGION": "eu-west-1"},
        cwd="/",
        stdout=subprocess.PIPE,
        check=True,
    )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


BENCHMARK = Benchmark("package", "CPU of a cold import from the package, by its own Python", run)
