"""What the command can do to one control plane. Every function may be repeated."""

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from . import install, ports, processes
from .clouds import write_clouds
from .state import SERVICES, State, StateError, ensure_settings, load_settings

Report = Callable[[str], None]


@dataclass(frozen=True)
class Status:
    """What `status` tells; the field names are those of its JSON."""

    installed: bool
    running: bool
    ready: bool
    pid: int | None
    state: str
    clouds_file: str
    auth_url: str | None
    urls: dict[str, str]


def start(state: State, base_port: int | None, report: Report) -> bool:
    """Start the control plane unless it runs; return whether it was started by this call.

    Raises:
        InstallError: It could not be installed.
        PortError: A port is taken or out of range.
        StateError: The state does not fit.
        StartError: It did not become ready.
    """
    if base_port is not None:
        ports.check_range(base_port)
    with _lock(state):
        settings = ensure_settings(state, base_port)
        if processes.is_ready(state):
            report("already running")
            return False
        install.install(report)
        processes.stop(state)
        _discard_unfinished(state, report)
        ports.check_free(settings)
        write_clouds(state, settings)
        started = time.monotonic()
        processes.wait_ready(state, processes.launch(state), report)
        report(f"READY after {time.monotonic() - started:.1f} s on {settings.auth_url}")
        return True


def stop(state: State) -> bool:
    """Stop the control plane; return whether it was running. Its data stays."""
    with _lock(state):
        return processes.stop(state)


def reset(state: State, report: Report) -> None:
    """Put the data back to what it was right after seeding; start again if it was running.

    Raises:
        StateError: There is nothing to reset to.
    """
    with _lock(state):
        if not state.pristine.exists():
            raise StateError(f"{state.root} has no seeded data to return to: start it first")
        was_running = processes.stop(state)
        _replace_data(state)
    report("data put back to the seeded state")
    if was_running:
        start(state, None, report)


def purge(state: State) -> None:
    """Stop the control plane and delete its state. The installation stays."""
    if not state.root.exists():
        return
    with _lock(state):
        processes.stop(state)
        # The marker proves that this directory is ours before anything is deleted.
        if state.settings_file.exists():
            shutil.rmtree(state.root)


def status(state: State) -> Status:
    """Return what is there."""
    settings = load_settings(state)
    pid = processes.running_pid(state)
    return Status(
        installed=install.is_installed(),
        running=pid is not None,
        ready=processes.is_ready(state),
        pid=pid,
        state=str(state.root),
        clouds_file=str(state.clouds_file),
        auth_url=settings.auth_url if settings else None,
        urls={service: settings.url(service) for service in SERVICES} if settings else {},
    )


def _replace_data(state: State) -> None:
    """Replace the data by the template; what an interruption leaves is complete or absent."""
    draft = state.data.with_name("data.new")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(state.pristine, draft)
    shutil.rmtree(state.data, ignore_errors=True)
    draft.rename(state.data)


def _discard_unfinished(state: State, report: Report) -> None:
    """Drop data whose seeding was interrupted: nobody knows what is in it."""
    if state.data.exists() and not state.pristine.exists():
        report("discarding data of an unfinished first start")
        shutil.rmtree(state.data)


@contextmanager
def _lock(state: State) -> Iterator[None]:
    """Let one command at a time change a state; the others wait."""
    # Databases and keys inside are nobody else's business.
    state.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with state.lock_file.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
