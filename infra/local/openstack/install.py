"""Install the OpenStack services into an environment of their own.

The servers' pins must not leak into the application's environment, so they get
`.venv-openstack`. A stamp holds a digest of what was installed; with it, installing again is free.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .state import DEFAULT_STATE, REPOSITORY

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
ML2_DRIVER = HERE / "ml2_driver"
VENV = REPOSITORY / ".venv-openstack"
PYTHON = VENV / "bin" / "python"
MINIMUM_PYTHON = (3, 11)

Report = Callable[[str], None]


class InstallError(Exception):
    """The services could not be installed; the message ends with the installer's last lines."""


def is_installed() -> bool:
    """Return whether exactly the pinned requirements are installed."""
    stamp = _stamp()
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == _digest()


def install(report: Report) -> bool:
    """Install the services unless they are; return whether anything was done.

    Args:
        report: Receives lines of progress. With uv about 10-30 s, with pip about 110 s.

    Raises:
        InstallError: The Python is too old or the installer failed.
    """
    with _lock():
        if is_installed():
            return False
        _install(report)
        return True


def _install(report: Report) -> None:
    if sys.version_info < MINIMUM_PYTHON:
        raise InstallError(
            f"OpenStack needs Python 3.11 or newer, this is {sys.version.split()[0]}"
        )
    started = time.monotonic()
    uv = _find_uv()
    report(f"installing OpenStack into {VENV.name} with {'uv' if uv else 'pip, about two minutes'}")
    _stamp().unlink(missing_ok=True)
    venv.create(VENV, clear=True, with_pip=uv is None)
    tool = _uv_command(uv) if uv else [str(PYTHON), "-m", "pip", "install", "--quiet"]
    # The requirements are a closed set with digests: nothing is left to resolve.
    _run([*tool, "--require-hashes", "--no-deps", "-r", str(REQUIREMENTS)])
    report(f"packages installed after {time.monotonic() - started:.0f} s")
    _install_ml2_driver(tool)
    _stamp().write_text(_digest())
    report(f"OpenStack installed in {time.monotonic() - started:.0f} s")


@contextmanager
def _lock() -> Iterator[None]:
    """Let one command at a time install; several states share the environment."""
    lock_file = DEFAULT_STATE.parent / "openstack-install.lock"
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install_ml2_driver(tool: list[str]) -> None:
    """Install our Neutron driver, which Neutron finds by its entry point only."""
    with tempfile.TemporaryDirectory() as scratch:
        # setuptools leaves build products beside the sources: let it do so in a copy.
        copy = shutil.copytree(ML2_DRIVER, Path(scratch) / ML2_DRIVER.name)
        _run([*tool, "--no-deps", "--no-build-isolation", str(copy)])


def _find_uv() -> str | None:
    beside = REPOSITORY / ".venv" / "bin" / "uv"
    return str(beside) if beside.exists() else shutil.which("uv")


def _uv_command(uv: str) -> list[str]:
    return [uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--compile-bytecode"]


def _run(command: list[str]) -> None:
    # An active virtual environment in the caller's variables must not attract the packages.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(  # noqa: S603 - our own installer with our own arguments
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise InstallError(f"{command[0]} failed with status {done.returncode}:\n{tail}")


def _stamp() -> Path:
    return VENV / "installed.sha256"


def _digest() -> str:
    digest = hashlib.sha256()
    for path in _inputs():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _inputs() -> Iterator[Path]:
    yield REQUIREMENTS
    yield ML2_DRIVER / "pyproject.toml"
    yield from sorted(ML2_DRIVER.glob("*.py"))
