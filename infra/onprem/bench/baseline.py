"""What the delivery of keys is compared with: the same server without a KME behind it, and a disk.

`python -m infra.onprem.bench.baseline PORT CERTIFICATE KEY CA` is such a server.
"""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from infra.onprem.bench import client
from infra.onprem.lab import Lab, free_ports
from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.web.client import JsonClient, NotSent
from infra.onprem.qkd_agent.web.messages import Request, Response, json_response
from infra.onprem.qkd_agent.web.server import HttpsServer
from infra.onprem.qkd_agent.web.tls import Identity, server_context

_START_SECONDS = 30.0


def _bare(request: Request) -> Response:
    """Return as many characters as the request asks for."""
    return json_response(200, "x" * int(json.loads(request.body)["characters"]))


def _serve(port: int, identity: Identity) -> None:
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    server = HttpsServer(("127.0.0.1", port), server_context(identity), _bare)
    server.start()
    stopping.wait()
    server.stop()


@contextlib.contextmanager
def bare_server(lab: Lab) -> Iterator[JsonClient]:
    """Run a server with the certificate of the first site and no KME; give a client of it."""
    [port] = free_ports(1)
    files = [*lab.files(lab.sites[0].kme_id), lab.sae_ca]
    command = [sys.executable, "-m", "infra.onprem.bench.baseline", str(port), *map(str, files)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[3])  # noqa: S603  # ourselves
    asking = client(lab, lab.sites[0].sae_ids[0], port)
    try:
        _wait_for(asking, process)
        yield asking
    finally:
        asking.close()
        process.terminate()
        process.wait(timeout=20)


def _wait_for(asking: JsonClient, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            asking.call("POST", "/", {"characters": 0})
        except NotSent:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the bare server did not start")


@contextlib.contextmanager
def synced_commit(directory: Path) -> Iterator[Callable[[], None]]:
    """Give a function that waits for the disk once, as the key store does."""
    database = Database(directory / "baseline.sqlite3")

    def commit() -> None:
        with database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO revoked_saes VALUES ('x', 0)")

    try:
        yield commit
    finally:
        database.close()


if __name__ == "__main__":
    given = sys.argv[1:]
    _serve(int(given[0]), Identity(*map(Path, given[1:])))
