"""Environments of their own, made on demand from pinned requirements.

A stamp holds a digest of what was installed; with it, installing again is free.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_TAIL_LINES = 15
_INSTALL_SECONDS = 900


class InstallError(Exception):
    """Packages could not be installed; the text ends with the installer's last lines."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """An environment's directory, its pinned closure with hashes, and its Python."""

    directory: Path
    pinned: Path
    python: Path

    @property
    def stamp(self) -> Path:
        """Where the digest of what is installed is kept."""
        return self.directory / "installed.sha256"

    def digest(self) -> str:
        """Return what identifies the environment's content."""
        return hashlib.sha256(self.pinned.read_bytes() + bytes(self.python)).hexdigest()

    def is_installed(self) -> bool:
        """Say whether exactly this is installed."""
        return self.stamp.is_file() and self.stamp.read_text(encoding="ascii") == self.digest()


def ensure_environment(wanted: Requirements) -> Path:
    """Install what is pinned, unless it is installed, and return the environment's Python.

    Raises:
        InstallError: the installer failed.
    """
    python = wanted.directory / "bin" / "python"
    with _lock(wanted.directory):
        if not wanted.is_installed():
            sys.stderr.write(f"installing {wanted.pinned.name} into {wanted.directory.name} ...\n")
            wanted.stamp.unlink(missing_ok=True)
            run_uv("venv", "--clear", "--python", str(wanted.python), str(wanted.directory))
            install = ("pip", "install", "--require-hashes", "--no-deps", "--compile-bytecode")
            run_uv(*install, "--python", str(python), "-r", str(wanted.pinned))
            wanted.stamp.write_text(wanted.digest(), encoding="ascii")
    return python


def run_uv(*arguments: str) -> None:
    """Run uv, the installer of this project's own environment.

    Raises:
        InstallError: it failed.
    """
    # An active virtual environment in the caller's variables must not attract the packages.
    variables = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    variables.setdefault("UV_NATIVE_TLS", "1")
    done = subprocess.run(  # noqa: S603 - our own installer with our own arguments
        [str(ROOT / ".venv" / "bin" / "uv"), *arguments, "--no-python-downloads", "--quiet"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=_INSTALL_SECONDS,
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-_TAIL_LINES:])
        raise InstallError(f"uv {' '.join(arguments[:2])} failed:\n{tail}")


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Let one process at a time fill an environment."""
    file_name = ROOT / "build" / f"{directory.name.lstrip('.')}.lock"
    file_name.parent.mkdir(exist_ok=True)
    with file_name.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
