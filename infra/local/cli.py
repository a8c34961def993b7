"""Arguments and output of the command."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from chalicelib.logs.setup import FORMATS, LEVELS, configure
from infra.local.clouds import CLOUDS
from infra.local.environment import INFRA_ID
from infra.local.fresh_token import print_token
from infra.local.stack import DEFAULT_STATE, LocalStack, StackOptions

EXIT_FAILED = 1
EXIT_LEFT_BEHIND = 3
EXIT_INTERRUPTED = 130
_DEFAULT_PORT = 8000
_POLL_SECONDS = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        0; 1: a part did not start; 3: VMs are left in the cloud; 130: interrupted twice; for `run`
        the status of its command.
    """
    options = _parser().parse_args(arguments)
    if options.action == "token":
        return print_token(options.state, options.experiment)
    # stdout belongs to the command of `run`.
    configure(options.log_format, options.log_level, INFRA_ID, sys.stderr)
    ending = Ending()
    ending.watch()
    stack = LocalStack(_stack_options(options))
    began = time.monotonic()
    _tell(f"starting API, token issuer, workflows and cloud ({options.cloud})")
    try:
        stack.start()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        _tell(f"error: port {options.port} or another one is taken: choose others with --port")
        return EXIT_FAILED
    try:
        if options.action == "run":
            status = _run(options.command, stack, ending)
        else:
            sys.stdout.write(_welcome(stack, time.monotonic() - began))
            sys.stdout.flush()
            ending.wait()
            status = 0
    finally:
        _tell("stopping; Ctrl-C again ends at once")
        ending.set()
        stack.stop()
    return _farewell(stack) or status


class Ending(threading.Event):
    """Set by the first SIGINT or SIGTERM, and remembers which; the second one ends the process."""

    signal_number: int | None = None

    def watch(self) -> None:
        """Handle signals from now on."""
        for number in _SIGNALS:
            signal.signal(number, self._handle)

    def _handle(self, number: int, _frame: object) -> None:
        if self.is_set():
            os._exit(EXIT_INTERRUPTED)
        self.signal_number = number
        self.set()


def _run(command: list[str], stack: LocalStack, ending: Ending) -> int:
    """Run a command against the stack and return its exit status."""
    addresses = stack.addresses
    variables = {
        "SLICES_BI_URL": addresses.api_url,
        "SLICES_ISSUER_URL": addresses.issuer_url,
        "SLICES_ADMIN_URL": addresses.admin_url,
        "SLICES_STACK_FILE": str(stack.options.state.resolve() / "stack.json"),
    }
    try:
        process = subprocess.Popen(  # noqa: S603  the user's own command is what `run` runs
            command, env={**os.environ, **variables}
        )
    except OSError as error:
        _tell(f"error: {command[0]} cannot be run: {error.strerror}")
        return EXIT_FAILED
    with process:
        while process.poll() is None:
            # A Ctrl-C reaches the command by itself, a SIGTERM only this process.
            if ending.wait(_POLL_SECONDS) and ending.signal_number == signal.SIGTERM:
                process.terminate()
                break
            if ending.is_set():
                break
    # As shells do: a command that was killed by signal N ends with 128 + N.
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _welcome(stack: LocalStack, seconds: float) -> str:
    addresses = stack.addresses
    names = ", ".join(stack.scheduler.names)
    return f"""\
SLICES Basic Infrastructure, ready after {seconds:.1f} s (Ctrl-C stops it)

  web page       {addresses.api_url}/ui
  API            {addresses.api_url}    documentation: {addresses.api_url}/docs
  token issuer   {addresses.issuer_url}
  admin          {addresses.admin_url}    POST /schedules/NAME/run: {names}
  cloud          {addresses.cloud}, {addresses.cloud_url}

In a second terminal:
  make token                                          a token, for "Authorize" in the documentation
  examples/request-resources.sh demo                  ask for a VM
  examples/request-resources.sh demo --delete         give it back

State is in memory: what the database knows is lost when this stops.
"""


def _farewell(stack: LocalStack) -> int:
    if not stack.left_behind:
        _tell("stopped")
        return 0
    for resource in stack.left_behind:
        name, server = resource.spec.friendly_name, resource.server_id or "none"
        _tell(f"left behind: {name} ({resource.id}), server {server}, {resource.status}")
    return EXIT_LEFT_BEHIND


def _tell(line: str) -> None:
    # stdout belongs to the command of `run`.
    sys.stderr.write(f"local: {line}\n")


def _stack_options(options: argparse.Namespace) -> StackOptions:
    return StackOptions(
        cloud=options.cloud,
        port=options.port,
        issuer_port=options.issuer_port,
        admin_port=options.admin_port,
        state=options.state,
        boot_seconds=options.boot_seconds,
        keep_cloud=options.keep_cloud,
        qkd=not options.no_qkd,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local", description="Run the whole stack on this machine."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    token = actions.add_parser("token", help="print a fresh experiment token of a running stack")
    token.add_argument("experiment", nargs="?", default="demo", metavar="EXPERIMENT")
    token.add_argument("--state", type=Path, default=DEFAULT_STATE, help="directory (%(default)s)")
    up = actions.add_parser("up", help="start, and stay until Ctrl-C")
    run = actions.add_parser("run", help="start, run a command against it, stop")
    run.add_argument("command", nargs="+", metavar="COMMAND", help="after --, with arguments")
    for action, port in ((up, _DEFAULT_PORT), (run, 0)):
        _add_options(action, port)
    return parser


def _add_options(parser: argparse.ArgumentParser, port: int) -> None:
    add: Callable[..., argparse.Action] = parser.add_argument
    add("--cloud", choices=CLOUDS, default=CLOUDS[0], help="what to build on (%(default)s)")
    add("--port", type=int, default=port, help="of the API (%(default)s; 0 takes a free one)")
    add("--issuer-port", type=int, default=0, help="of the token issuer (a free one)")
    add("--admin-port", type=int, default=0, help="of the admin API (a free one)")
    add("--state", type=Path, default=DEFAULT_STATE, help="directory (%(default)s)")
    add("--boot-seconds", type=float, default=2.0, help="a simulated VM's boot (%(default)s)")
    add("--keep-cloud", action="store_true", help="leave the control plane running")
    add("--no-qkd", action="store_true", help="leave the QKD agents out")
    log_format = os.environ.get("LOG_FORMAT", "text")
    log_level = os.environ.get("LOG_LEVEL", "INFO" if log_format == "json" else "WARNING")
    add("--log-format", choices=FORMATS, default=log_format, help="(%(default)s; or LOG_FORMAT)")
    add("--log-level", choices=LEVELS, default=log_level, help="(%(default)s; or LOG_LEVEL)")
