"""Fork the processes of the control plane, and end them."""

import contextlib
import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.05


class ChildError(Exception):
    """A child ended although it should run, or failed; `name` is also its log's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass
class Children:
    """The running children of this process."""

    logs: Path
    _names: dict[int, str] = field(default_factory=dict)

    def fork(self, name: str, work: Callable[[], None]) -> None:
        """Run a function in a child of its own process group, with its output in a log."""
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _become(name, self.logs / f"{name}.log", parent)
            _work_and_exit(work)
        self._names[pid] = name

    def join_all(self) -> None:
        """Wait until all children have ended.

        Raises:
            ChildError: One of them failed.
        """
        while self._names:
            pid, status = os.waitpid(-1, 0)
            name = self._names.pop(pid, None)
            if name and status:
                raise ChildError(name, f"{name} failed ({_describe(status)})")

    def check(self) -> None:
        """Reap what has ended.

        Raises:
            ChildError: A child has ended, for whatever reason.
        """
        with contextlib.suppress(ChildProcessError):
            # Also reaps what guests leave behind, if this process is the reaper.
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                name = self._names.pop(pid, None)
                if name:
                    raise ChildError(name, f"{name} ended ({_describe(status)})")

    def end_all(self, seconds: float) -> None:
        """End all children and their process groups: politely, then by force."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while self._names and time.monotonic() < deadline:
            with contextlib.suppress(ChildError):
                self.check()
            time.sleep(POLL_SECONDS)
        self._signal(signal.SIGKILL)
        while self._names:
            pid, _ = os.waitpid(-1, 0)
            self._names.pop(pid, None)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._names:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)


def _become(name: str, log: Path, parent: int) -> None:
    """Make this fresh child a process of its own that does not outlive its parent."""
    import setproctitle

    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    setproctitle.setproctitle(f"openstack-{name} {log.parent.parent}")
    # The projects parse the command line, and must not see the supervisor's.
    sys.argv = [name]


def _work_and_exit(work: Callable[[], None]) -> NoReturn:
    try:
        work()
    except BaseException:  # noqa: BLE001 - the child must not return into the parent's code
        traceback.print_exc()
        status = 1
    else:
        status = 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _describe(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"exit status {code}"
