"""Lambda's Python runtimes, and the interpreter on this machine that stands for one.

Chalice deploys to the runtime of the Python that runs it, and bytecode is good for one minor
version only, so the package is made with that very version.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.aws.package.environments import ROOT, Requirements, ensure_environment

_PYTHON_VARIABLE = "PACKAGE_PYTHON"


@dataclass(frozen=True, slots=True)
class Runtime:
    """A Lambda runtime: its name, bytecode magic number, and the newest wheels that run on it.

    Wheels follow its glibc: 2.26 on Amazon Linux 2 (3.11), 2.34 on Amazon Linux 2023.
    """

    version: str
    magic: int
    wheels: str
    glibc: tuple[int, int]

    @property
    def name(self) -> str:
        """Return its name in a template."""
        return f"python{self.version}"


# The magic numbers of the final releases, from CPython's Include/internal/pycore_magic_number.h.
RUNTIMES = (
    Runtime("3.13", 3571, "x86_64-manylinux_2_34", (2, 34)),
    Runtime("3.12", 3531, "x86_64-manylinux_2_34", (2, 34)),
    Runtime("3.11", 3495, "x86_64-manylinux2014", (2, 17)),
)
PREFERRED = RUNTIMES[0]


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python on this machine, and the runtime that it stands for."""

    runtime: Runtime
    path: Path

    @property
    def can_run_package(self) -> bool:
        """Say whether the package's compiled libraries run on this machine."""
        return sys.platform == "linux" and platform.machine() == "x86_64"

    def with_application(self) -> Path:
        """Return the Python of an environment with the application's requirements, made if needed.

        Raises:
            InstallError: they cannot be installed.
        """
        environment = ROOT / f".venv-package-{self.runtime.version}"
        pinned = Requirements(environment, ROOT / "requirements.txt", self.path)
        return ensure_environment(pinned)


def find_interpreter() -> Interpreter:
    """Return Python 3.13 if it is on this machine, else the Python that runs this.

    `PACKAGE_PYTHON` names another one.

    Raises:
        LookupError: the Python is not one that Lambda has.
    """
    chosen = os.environ.get(_PYTHON_VARIABLE)
    if chosen:
        return _interpreter(Path(chosen))
    for path in _candidates(PREFERRED.version):
        if _version(path) == PREFERRED.version:
            return _interpreter(path)
    return _interpreter(Path(sys.executable))


def _candidates(version: str) -> Iterator[Path]:
    """Return where Python of a version may be: PATH, pyenv's and uv's own places."""
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        yield Path(directory, f"python{version}")
    homes = (
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions",
        Path(
            os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local" / "share" / "uv/python")
        ),
    )
    for home in homes:
        yield from sorted(home.glob(f"*/bin/python{version}"), reverse=True)


def _interpreter(path: Path) -> Interpreter:
    version = _version(path)
    for runtime in RUNTIMES:
        if runtime.version == version:
            return Interpreter(runtime, _base(path))
    known = ", ".join(runtime.version for runtime in RUNTIMES)
    raise LookupError(f"{path} is no Python of Lambda's ({known}): set {_PYTHON_VARIABLE}")


def _version(path: Path) -> str | None:
    """Return the minor version of a Python; None if it does not start (pyenv's shims may not)."""
    return _ask(path, "'%d.%d' % sys.version_info[:2]")


def _base(path: Path) -> Path:
    """Return the Python below a virtual environment: nothing is installed beside it."""
    return Path(_ask(path, "getattr(sys, '_base_executable', sys.executable)") or path)


def _ask(path: Path, expression: str) -> str | None:
    if not path.is_file():
        return None
    done = subprocess.run(  # noqa: S603 - a Python that was found on this machine
        [str(path), "-I", "-c", f"import sys; print({expression})"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else None
