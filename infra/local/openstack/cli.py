"""Arguments and output of the command."""

import argparse
import json
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path

from . import install, lifecycle, processes
from .ports import PortError
from .state import DEFAULT_BASE_PORT, DEFAULT_STATE, SERVICES, State, StateError

WATCH_SECONDS = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or 1 with a message on stderr."""
    options = _parser().parse_args(arguments)
    state = State(options.state.resolve())
    try:
        return _run(options, state)
    except (install.InstallError, processes.StartError, PortError, StateError) as error:
        _report(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _run(options: argparse.Namespace, state: State) -> int:
    match options.action:
        case "install":
            if not install.install(_report):
                _report("already installed")
        case "start":
            started = lifecycle.start(state, options.base_port, _report)
            if options.foreground:
                return _stay(state, is_ours=started)
        case "stop":
            _report("stopped" if lifecycle.stop(state) else "was not running")
        case "reset":
            lifecycle.reset(state, _report)
        case "purge":
            lifecycle.purge(state)
            _report(f"{state.root} deleted")
            return 0
        case _:
            return _show_status(state, as_json=options.json)
    if options.json:
        return _show_status(state, as_json=True) and 0
    return 0


def _stay(state: State, *, is_ours: bool) -> int:
    """Stay until interrupted, then stop what this command started; fail if it ends by itself."""
    _report(f"export OS_CLIENT_CONFIG_FILE={state.clouds_file} OS_CLOUD=slices")
    _report("Ctrl-C stops it" if is_ours else "Ctrl-C leaves it running, as it was found")
    try:
        while processes.is_ready(state):
            time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        if is_ours:
            lifecycle.stop(state)
            _report("stopped")
        return 0
    _report(f"error: the control plane ended by itself; see {state.logs}")
    return 1


def _show_status(state: State, *, as_json: bool) -> int:
    """Print the status; return 0 if ready and 3 if not, as service managers do."""
    status = lifecycle.status(state)
    if as_json:
        sys.stdout.write(json.dumps(asdict(status), indent=2) + "\n")
    elif status.ready:
        _report(f"ready, pid {status.pid}, {status.auth_url}, clouds in {status.clouds_file}")
    elif status.running:
        _report(f"running but not ready, pid {status.pid}")
    else:
        _report("not running" if status.installed else "not installed")
    return 0 if status.ready else 3


def _report(line: str) -> None:
    # stdout belongs to --json.
    sys.stderr.write(f"openstack: {line}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.openstack",
        description="Run a real OpenStack control plane on loopback, with simulated guests.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    helps = {
        "install": "install the services into .venv-openstack (start does it, too)",
        "start": "start and wait until ready; harmless if it runs",
        "stop": "stop; data stays",
        "status": "tell whether it is ready (exit status 0) or not (3)",
        "reset": "put the data back to the seeded state; starts again what was running",
        "purge": "stop and delete the state",
    }
    for action, text in helps.items():
        sub = actions.add_parser(action, help=text, description=text)
        sub.add_argument(
            "--state", type=Path, default=DEFAULT_STATE, help="directory (default: %(default)s)"
        )
        sub.add_argument("--json", action="store_true", help="print the status as JSON at the end")
        if action == "start":
            ports = f"ports for {', '.join(SERVICES)} from here up"
            sub.add_argument(
                "--base-port", type=int, help=f"{ports} (default: {DEFAULT_BASE_PORT})"
            )
            sub.add_argument("--foreground", action="store_true", help="stay, and stop at Ctrl-C")
    return parser
