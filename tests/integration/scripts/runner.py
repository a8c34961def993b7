"""Runs examples/request-resources.sh in a home of its own, with doubles of programs on PATH."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[3]
SCRIPT = REPOSITORY / "examples" / "request-resources.sh"
RUN_SECONDS = 90
NAME = ("--flavor", "m1.tiny")  # fits every disk image, and is quick
NO_SUCH_PORT = "http://127.0.0.1:9"


class Run(NamedTuple):
    status: int
    out: str
    err: str


class Script:
    """The script with an environment that holds nothing of the machine's user."""

    def __init__(self, directory: Path) -> None:
        self.programs = directory / "programs"
        self.temporary = directory / "tmp"
        self.home = directory / "home"
        for made in (self.programs, self.temporary, self.home):
            made.mkdir()
        self.environment = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "TMPDIR": str(self.temporary),
            "HOME": str(self.home),
        }

    def program(self, name: str, text: str) -> None:
        """Put a program in front of PATH."""
        path = self.programs / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o700)

    def run(self, *arguments: str) -> Run:
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=RUN_SECONDS)
        finally:
            end(process)
        return Run(process.returncode, out, err)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it in a process group of its own, so that a test can press Ctrl-C."""
        return subprocess.Popen(
            # Tests that run in the background ignore Ctrl-C, and bash could not undo that.
            ["env", "--default-signal=INT", str(SCRIPT), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def left_files(self) -> list[Path]:
        """What it has in its temporary directory now."""
        return list(self.temporary.rglob("*"))

    def modes(self) -> dict[str, int]:
        """The permissions of what it has there now."""
        found = {}
        for path in self.left_files():
            try:
                found[path.name] = stat.S_IMODE(path.stat().st_mode)
            except FileNotFoundError:  # it ended meanwhile
                continue
        return found


def end(process: subprocess.Popen[str]) -> None:
    """Leave nothing of it running."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def real(program: str) -> str:
    """The program's own path, for doubles that stand before it."""
    path = shutil.which(program)
    assert path, f"{program} is not installed"
    return path
