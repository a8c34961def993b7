"""The dependencies as Lambda needs them: wheels of its platform, checked against their hashes.

Chalice would take them itself, but downloads for another platform without hashes, and goes on with
exit status 0 when there is no wheel.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.aws.package.bytecode import compile_tree
from infra.aws.package.environments import ROOT, run_uv
from infra.aws.package.runtimes import Interpreter, Runtime
from infra.aws.package.trim import trim_dependencies

PINNED = ROOT / "requirements.txt"
_TAG = re.compile(r"^Tag: (\S+)-(\S+)-(\S+)$", re.MULTILINE)
_MANYLINUX = re.compile(r"manylinux_(\d+)_(\d+)_x86_64")
_OLD_MANYLINUX = {"manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64"}


class WrongWheel(Exception):
    """A dependency came as something that does not run on Lambda; the text names all."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The dependencies as the zip holds them, and what was left out, in bytes by reason."""

    tree: Path
    removed: dict[str, int]


def prepared_dependencies(interpreter: Interpreter) -> Dependencies:
    """Return the dependencies, trimmed and compiled; kept under build/ until they change.

    Raises:
        InstallError, WrongWheel: one cannot be had for Lambda.
        LookupError, BytecodeError: what came is not what trim.py and Lambda expect.
    """
    recipe = [PINNED, *sorted(Path(__file__).parent.glob("*.py"))]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in recipe)).hexdigest()[:16]
    kept = ROOT / "build" / "package" / f"dependencies-{interpreter.runtime.name}"
    note = kept / f"removed-{digest}.json"
    if not note.is_file():
        shutil.rmtree(kept, ignore_errors=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix="making-") as making:
            tree = Path(making, "tree")
            install_dependencies(interpreter, tree)
            removed = asdict(trim_dependencies(tree))
            compile_tree(interpreter, tree)
            Path(making, note.name).write_text(json.dumps(removed), encoding="utf-8")
            Path(making).rename(kept)
            Path(making).mkdir()  # for the end of the block to remove
    return Dependencies(kept / "tree", json.loads(note.read_text(encoding="utf-8")))


def install_dependencies(interpreter: Interpreter, directory: Path, pinned: Path = PINNED) -> None:
    """Install the pinned closure for Lambda into a directory.

    Raises:
        InstallError: one has no wheel for that platform, or its hash is wrong.
        WrongWheel: one came for another platform all the same.
    """
    runtime = interpreter.runtime
    run_uv(
        *("pip", "install", "--target", str(directory), "-r", str(pinned)),
        *("--python", str(interpreter.path), "--python-version", runtime.version),
        *("--python-platform", runtime.wheels, "--only-binary", ":all:"),
        *("--require-hashes", "--no-deps", "--link-mode", "copy"),
    )
    wrong = list(wrong_wheels(directory, runtime))
    if wrong:
        raise WrongWheel(f"not for {runtime.name} on x86_64: {', '.join(wrong)}")


def wrong_wheels(directory: Path, runtime: Runtime) -> Iterator[str]:
    """Return the distributions none of whose tags says that they run on Lambda."""
    for file in sorted(directory.glob("*.dist-info/WHEEL")):
        tags = _TAG.findall(file.read_text(encoding="utf-8"))
        if not any(_fits(python, abi, platform, runtime) for python, abi, platform in tags):
            yield file.parent.name.removesuffix(".dist-info")


def _fits(python: str, abi: str, platform: str, runtime: Runtime) -> bool:
    this = f"cp{runtime.version.replace('.', '')}"
    is_python = python in {this, "py3", f"py{this[2:]}"} or abi == "abi3"
    is_abi = abi in {this, "abi3", "none"}
    return is_python and is_abi and any(_runs(one, runtime) for one in platform.split("."))


def _runs(platform: str, runtime: Runtime) -> bool:
    if platform == "any" or platform in _OLD_MANYLINUX:
        return True
    found = _MANYLINUX.fullmatch(platform)
    return found is not None and (int(found[1]), int(found[2])) <= runtime.glibc
