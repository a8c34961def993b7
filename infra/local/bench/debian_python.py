"""Debian 13's CPython 3.13, built with profile-guided optimization.

The `python3.13` on PATH may be one without, such as pyenv builds by default; it takes longer over
all that it does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from infra.aws.package.environments import ROOT
from infra.local.bench.model import Skipped

VERSION = "3.13"
_RELEASE = "trixie"
_DIRECTORY = ROOT / ".state" / f"debian-{_RELEASE}"
_FETCH_SECONDS = 900


def debian_python() -> tuple[str, ...]:
    """Return the command that runs it, from a directory of its own that is filled when missing.

    Raises:
        Skipped: this machine cannot fetch it.
    """
    is_fetched = _DIRECTORY / "fetched"
    if not is_fetched.is_file():
        _fetch()
        is_fetched.touch()
    # By its own loader and libraries: a system as old as Debian 12 has none that are new enough.
    return (
        str(_DIRECTORY / "lib64/ld-linux-x86-64.so.2"),
        "--library-path",
        str(_DIRECTORY / "usr/lib/x86_64-linux-gnu"),
        str(_DIRECTORY / f"usr/bin/python{VERSION}"),
    )


def _fetch() -> None:
    debootstrap = shutil.which("debootstrap")
    if debootstrap is None or os.geteuid() != 0:
        raise Skipped("it takes root and debootstrap (apt-get install debootstrap) to fetch it")
    sys.stderr.write(f"fetching Debian's CPython into {_DIRECTORY.relative_to(ROOT)} ...\n")
    shutil.rmtree(_DIRECTORY, ignore_errors=True)
    _DIRECTORY.mkdir(parents=True)
    command = (debootstrap, "--variant=minbase", f"--include=python{VERSION}", _RELEASE)
    done = subprocess.run(  # noqa: S603 - Debian's own tool with our own arguments
        [*command, str(_DIRECTORY)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_FETCH_SECONDS,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-1:]
        raise Skipped(f"debootstrap failed: {' '.join(said)}")
