"""Start, watch and stop the supervisor, a process that outlives the command that started it."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable

from infra.local.guest import GUESTS_VARIABLE

from .install import PYTHON
from .state import REPOSITORY, State

SUPERVISOR = "infra.local.openstack.server"
START_TIMEOUT_SECONDS = 180.0
STOP_TIMEOUT_SECONDS = 15.0
POLL_SECONDS = 0.1
TAIL_LINES = 30

Report = Callable[[str], None]


class StartError(Exception):
    """The control plane did not become ready; the message ends with the tail of a log."""


def running_pid(state: State) -> int | None:
    """Return the supervisor's process id, or None if it does not run.

    Process ids are reused, so the pid file alone proves nothing: the process must also be a
    supervisor of this very state.
    """
    if not state.pid_file.exists():
        return None
    pid = int(state.pid_file.read_text() or "0")
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - not a path of ours
            words = file.read().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return None
    ours = SUPERVISOR.encode() in words and os.fsencode(state.root) in words
    return pid if ours else None


def is_ready(state: State) -> bool:
    """Return whether a supervisor runs and has declared all services ready."""
    return running_pid(state) is not None and state.ready_file.exists()


def launch(state: State) -> subprocess.Popen[bytes]:
    """Start the supervisor in a session of its own, with empty logs."""
    for directory in (state.run, state.logs):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
    with state.log("supervisor").open("wb") as log:
        supervisor = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            [str(PYTHON), "-m", SUPERVISOR, str(state.root)],
            cwd=REPOSITORY,
            env=_environment(state),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    state.pid_file.write_text(str(supervisor.pid))
    return supervisor


def wait_ready(state: State, supervisor: subprocess.Popen[bytes], report: Report) -> None:
    """Wait until the control plane is ready, passing the supervisor's progress on.

    Raises:
        StartError: It died, or was not ready in time. Then, and when interrupted, it is stopped.
    """
    try:
        _follow(state, supervisor, report)
    except BaseException:
        stop(state)
        raise


def _follow(state: State, supervisor: subprocess.Popen[bytes], report: Report) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    shown = 0
    while True:
        died = supervisor.poll() is not None
        shown = _report_progress(state, shown, report)
        if died:
            raise StartError(_explain_failure(state))
        if state.ready_file.exists():
            return
        if time.monotonic() > deadline:
            tail = _tail(state, "supervisor")
            raise StartError(f"not ready after {START_TIMEOUT_SECONDS:.0f} s\n{tail}")
        time.sleep(POLL_SECONDS)


def stop(state: State) -> bool:
    """Stop the supervisor and with it all services; return whether it was running."""
    pid = running_pid(state)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    if not _gone(state, STOP_TIMEOUT_SECONDS):
        # The kernel ends the services with their parent.
        os.kill(pid, signal.SIGKILL)
        if not _gone(state, STOP_TIMEOUT_SECONDS):
            raise StartError(f"supervisor {pid} does not end")
    state.pid_file.unlink(missing_ok=True)
    state.ready_file.unlink(missing_ok=True)
    return True


def _gone(state: State, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while running_pid(state) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _environment(state: State) -> dict[str, str]:
    """Return the variables for the servers: nothing of the caller's clouds or environments."""
    unwanted = ("OS_", "VIRTUAL_ENV", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    # Services talk to each other on loopback, never through the caller's proxy.
    kept["no_proxy"] = kept["NO_PROXY"] = "127.0.0.1,localhost"
    kept["PYTHONUNBUFFERED"] = "1"
    kept[GUESTS_VARIABLE] = str(state.guests)
    return kept


def _report_progress(state: State, shown: int, report: Report) -> int:
    """Report the supervisor's lines beyond those already shown; return how many there are."""
    text = state.log("supervisor").read_text(errors="replace")
    lines = text[: text.rfind("\n") + 1].splitlines()
    for line in lines[shown:]:
        if line.startswith("["):
            report(line)
    return len(lines)


def _explain_failure(state: State) -> str:
    if not state.failure_file.exists():
        return f"the supervisor died\n{_tail(state, 'supervisor')}"
    failure = json.loads(state.failure_file.read_text())
    return f"{failure['message']}\n{_tail(state, failure['log'])}"


def _tail(state: State, name: str) -> str:
    log = state.log(name)
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"--- last lines of {log} ---", *lines[-TAIL_LINES:]])
