"""Mock AWS for other processes: each request over loopback is answered by this process's moto.

moto's own server would do, but brings a web framework for what are a few lines here.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.models import botocore_stubber

_LOOPBACK = "127.0.0.1"
_SCOPE = re.compile(r"Credential=[^/]+/\d+/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    wbufsize = -1

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        scope = _SCOPE.search(self.headers.get("authorization", ""))
        if scope is None:
            self._send(400, {}, b"unsigned")
            return
        # Whom the caller meant stands in its signature: region and service.
        host = f"{scope[2]}.{scope[1]}.amazonaws.com"
        headers = HTTPHeaders()
        for name, value in self.headers.items():
            headers[name] = host if name.lower() == "host" else value
        request = AWSPreparedRequest(
            self.command, f"https://{host}{self.path}", headers, body, False
        )
        answer = botocore_stubber.process_request(request)
        if answer is None:
            self._send(501, {}, b"not mocked")
            return
        status, found, content = answer
        text = content.encode() if isinstance(content, str) else content
        self._send(int(status), {str(k): str(v) for k, v in found.items()}, text)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 -- http.server's

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- inherited
        """Say nothing."""


@contextmanager
def mock_aws_server() -> Iterator[str]:
    """Answer on a loopback port while the block runs; inside `local_aws`."""
    server = ThreadingHTTPServer((_LOOPBACK, 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{_LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
