"""The store to measure against: dynalite, in a process of its own."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from infra.local.bench.model import Skipped
from infra.local.issuer.server import bind_loopback

_ROOT = Path(__file__).parents[3]
_INSTALL = _ROOT / "infra" / "local" / "dynalite.sh"
_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.05


@contextlib.contextmanager
def dynalite() -> Iterator[str]:
    """Run an empty store in memory and yield its URL; installs it at the first use.

    Raises:
        Skipped: Node.js or npm is missing, or dynalite cannot be installed or started.
    """
    port = _free_port()
    command = [_program(), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--createTableMs", "1", "--deleteTableMs", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603  our own
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _program() -> str:
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Skipped("dynalite needs Node.js and npm, which are not here")
    installed = subprocess.run(  # noqa: S603  our own script
        [str(_INSTALL)], stdout=subprocess.PIPE, check=False, text=True
    )
    if installed.returncode:
        raise Skipped("dynalite could not be installed; see above")
    return installed.stdout.strip()


def _free_port() -> int:
    """Return a port below the ephemeral ones that nobody has at this moment."""
    server = bind_loopback(0, BaseHTTPRequestHandler)
    server.server_close()
    return server.server_port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Skipped("dynalite ended at once")
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), _START_SECONDS),
        ):
            return
        time.sleep(_POLL_SECONDS)
    raise Skipped("dynalite does not listen")
