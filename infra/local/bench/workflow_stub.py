"""A Step Functions endpoint that accepts every execution and runs none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from infra.local.issuer.server import bind_loopback

_ANSWER = json.dumps(
    {"executionArn": "arn:aws:states:eu-west-1:123456789012:execution:any:any", "startDate": 1.0}
).encode()


@contextmanager
def workflow_stub() -> Iterator[str]:
    """Yield the endpoint's URL. It works in a thread of its own, whose CPU is not measured."""
    server = bind_loopback(0, _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet per answer: else Nagle's algorithm waits 44 ms for a delayed acknowledgment.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(_ANSWER)))
        self.end_headers()
        self.wfile.write(_ANSWER)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- inherited name
        """Stay quiet."""
