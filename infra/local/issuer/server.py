"""The issuer's HTTP side: two key sets, a discovery document, and `POST /token`."""

from __future__ import annotations

import errno
import json
import random
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import urlsplit

from infra.local.issuer.token_requests import BadTokenRequest, TokenSource, answer_token_request

MAX_BODY_BYTES = 16 * 1024
SOCKET_SECONDS = 10
_LOOPBACK = "127.0.0.1"
# Below Linux' ephemeral ports, so that no outgoing connection holds the one that we take.
_FREE_PORTS = range(20_000, 32_000)
_PORT_ATTEMPTS = 50


class DocumentSource(TokenSource, Protocol):
    """What is served: the issuer."""

    def document(self, path: str) -> dict[str, Any] | None:
        """Return the public document at a path, or None if there is none."""


class LoopbackServer:
    """A threaded HTTP server on 127.0.0.1 that can be started and stopped."""

    def __init__(self, port: int, source: DocumentSource) -> None:
        handler = type("Handler", (_Handler,), {"source": source})
        self._server = bind_loopback(port, handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{_LOOPBACK}:{self._server.server_port}"

    def start(self) -> None:
        """Answer requests in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and give the port back."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def bind_loopback(port: int, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    """Return a server bound to a port of 127.0.0.1, or to a free one if the port is 0.

    Raises:
        OSError: the port, or every port that was tried, is taken.
    """
    if port:
        return ThreadingHTTPServer((_LOOPBACK, port), handler)
    for candidate in random.sample(_FREE_PORTS, _PORT_ATTEMPTS):
        try:
            return ThreadingHTTPServer((_LOOPBACK, candidate), handler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "found no free port")


class _Handler(BaseHTTPRequestHandler):
    source: DocumentSource
    timeout = SOCKET_SECONDS

    def do_GET(self) -> None:
        document = self.source.document(urlsplit(self.path).path)
        if document is None:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "not_found"})
        else:
            self._answer(HTTPStatus.OK, document)

    def do_POST(self) -> None:
        if urlsplit(self.path).path.rstrip("/") != "/token":
            self._answer(HTTPStatus.NOT_FOUND, {"error": "not_found"})
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self._refuse(f"send a body of at most {MAX_BODY_BYTES} bytes, with its length")
            return
        body = self.rfile.read(int(length))
        try:
            answer = answer_token_request(
                self.source, body, self.headers.get("Content-Type", "application/json")
            )
        except BadTokenRequest as error:
            self._refuse(str(error))
            return
        self._answer(HTTPStatus.OK, answer)

    def _refuse(self, reason: str) -> None:
        self._answer(
            HTTPStatus.BAD_REQUEST, {"error": "invalid_request", "error_description": reason}
        )

    def _answer(self, status: HTTPStatus, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- inherited name
        """Stay quiet: the local stack's own log shows what matters."""
