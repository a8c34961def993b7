"""An HTTP server on loopback that answers as told and remembers who came."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from infra.local.issuer.server import bind_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class StubServer:
    """What it answers to every GET, and the paths that were asked for.

    With `hold` set to an event, the connection stays open after the answer until it happens.
    """

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    hits: list[str] = field(default_factory=list)
    hold: threading.Event | None = None


@contextmanager
def stub_server() -> Iterator[StubServer]:
    """Serve until the block ends."""
    stub = StubServer()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self):
            stub.hits.append(self.path)
            self.send_response(stub.status)
            for name, value in {"Content-Length": str(len(stub.body)), **stub.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(stub.body)
            if stub.hold is not None:
                stub.hold.wait(timeout=10)

        def log_message(self, *_):
            pass

    server = bind_loopback(0, Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
