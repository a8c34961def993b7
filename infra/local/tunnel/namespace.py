"""A network namespace as a host of its own: programs run in it, and so can a function of ours."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

_CLONE_NEWNET = 0x40000000
_COMMAND_SECONDS = 30.0
_WAIT_SECONDS = 10.0
ResultT = TypeVar("ResultT")


class CommandFailed(RuntimeError):
    """A program in a namespace failed; says which and what it wrote."""


def run(*command: str, given: str | None = None, variables: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return what it printed.

    Raises:
        CommandFailed: its exit status is not 0, or it takes longer than half a minute.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMMAND_SECONDS,
            env={**os.environ, **(variables or {})},
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"{' '.join(command)} takes too long") from error
    if done.returncode:
        raise CommandFailed(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Namespace:
    """One namespace, made here and taken away at the end with everything that runs in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.prefix = ("ip", "netns", "exec", name)
        """Words before a command that is to run in it."""
        run("ip", "netns", "add", name)
        self._thread = ThreadPoolExecutor(1, initializer=self._enter)
        self._children: list[subprocess.Popen[bytes]] = []
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *command: str, variables: Mapping[str, str] | None = None) -> str:
        """Run a program in it to its end; see `run`."""
        return run(*self.prefix, *command, variables=variables)

    def start(
        self, *command: str, log: Path, variables: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program in it that goes on; what it writes is added to the log."""
        with log.open("ab") as stream:
            child = subprocess.Popen(  # noqa: S603 - our own commands
                [*self.prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd=Path(__file__).parents[3],
                env={**os.environ, **(variables or {})},
            )
        self._children.append(child)
        return child

    def call(self, function: Callable[[], ResultT]) -> ResultT:
        """Call a function in it: sockets that it opens are this namespace's."""
        return self._thread.submit(function).result()

    def processes(self, program: str) -> list[int]:
        """Return the ids of the processes in it that run a program."""
        found = []
        for pid in run("ip", "netns", "pids", self.name).split():
            try:
                name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
            except FileNotFoundError:
                continue
            # The kernel keeps 15 characters.
            if name == program[:15]:
                found.append(int(pid))
        return found

    def delete(self) -> None:
        """End what runs in it and take it away."""
        self._thread.shutdown()
        for child in self._children:
            child.terminate()
        for child in self._children:
            try:
                child.wait(_WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for pid in run("ip", "netns", "pids", self.name).split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue
        run("ip", "netns", "del", self.name)

    def _enter(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        handle = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            if libc.setns(handle, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(handle)
