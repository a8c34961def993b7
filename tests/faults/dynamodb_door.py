"""A door for other processes into the DynamoDB that is mocked in this one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from infra.local.aws import REGION
from infra.local.issuer.server import bind_loopback

_URL = f"https://dynamodb.{REGION}.amazonaws.com/"
_PASSED_ON = ("x-amz-target", "content-type", "authorization", "x-amz-date")


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
        # The mock answers this inside the process: nothing is sent.
        answer = requests.post(_URL, data=body, headers=headers, timeout=30)
        self.send_response(answer.status_code)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@contextmanager
def dynamodb_door() -> Iterator[str]:
    """Open the door and give its URL; the mock must be on."""
    server: ThreadingHTTPServer = bind_loopback(0, _Door)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
