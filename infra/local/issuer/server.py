"""The issuer's HTTP side: two key sets, a discovery document, `POST /token`, and sign-in."""

from __future__ import annotations

import errno
import json
import random
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from infra.local.issuer.sign_in import SignIn
from infra.local.issuer.token_requests import BadTokenRequest, TokenSource, answer_token_request

MAX_BODY_BYTES = 16 * 1024
SOCKET_SECONDS = 10
_LOOPBACK = "127.0.0.1"
# Below Linux' ephemeral ports, so that no outgoing connection holds the one that we take.
_FREE_PORTS = range(20_000, 32_000)
_PORT_ATTEMPTS = 50


class DocumentSource(TokenSource, Protocol):
    """What is served: the issuer."""

    sign_in: SignIn

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
        parts = urlsplit(self.path)
        if parts.path == "/authorize":
            self._answer_or_refuse(
                lambda: self._page(self.source.sign_in.form(_fields(parts.query)))
            )
            return
        document = self.source.document(parts.path)
        if document is None:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "not_found"})
        else:
            self._answer(HTTPStatus.OK, document)

    def do_POST(self) -> None:
        work = {
            "/token": self._make_token,
            "/authorize": self._grant_code,
            "/oidc/token": self._exchange_code,
        }.get(urlsplit(self.path).path.rstrip("/"))
        if work is None:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "not_found"})
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self._refuse(f"send a body of at most {MAX_BODY_BYTES} bytes, with its length")
            return
        body = self.rfile.read(int(length))
        self._answer_or_refuse(lambda: work(body))

    def _make_token(self, body: bytes) -> None:
        media_type = self.headers.get("Content-Type", "application/json")
        self._answer(HTTPStatus.OK, answer_token_request(self.source, body, media_type))

    def _grant_code(self, body: bytes) -> None:
        self._send(HTTPStatus.SEE_OTHER, b"", Location=self.source.sign_in.grant(_form(body)))

    def _exchange_code(self, body: bytes) -> None:
        self._answer(HTTPStatus.OK, self.source.sign_in.exchange(_form(body)))

    def _answer_or_refuse(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BadTokenRequest as error:
            self._refuse(str(error))

    def _refuse(self, reason: str) -> None:
        self._answer(
            HTTPStatus.BAD_REQUEST, {"error": "invalid_request", "error_description": reason}
        )

    def _answer(self, status: HTTPStatus, document: dict[str, Any]) -> None:
        headers = {"Content-Type": "application/json"}
        # The web page may ask, from its own origin only.
        headers["Access-Control-Allow-Origin"] = self.source.sign_in.client_origin
        self._send(status, json.dumps(document).encode(), **headers)

    def _page(self, text: str) -> None:
        headers = {"Content-Type": "text/html; charset=utf-8"}
        headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        self._send(HTTPStatus.OK, text.encode(), **headers)

    def _send(self, status: HTTPStatus, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- inherited name
        """Stay quiet: the local stack's own log shows what matters."""


def _form(body: bytes) -> dict[str, str]:
    try:
        return _fields(body.decode())
    except ValueError as error:
        raise BadTokenRequest("send a form, in UTF-8") from error


def _fields(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))
