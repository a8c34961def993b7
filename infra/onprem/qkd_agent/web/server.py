"""The HTTPS server: cheroot, with JSON errors and the verified certificate of the caller.

cheroot's own TLS adapter shakes hands in the thread that accepts, where one silent client would
stop everybody, and tells the certificate only in WSGI's words. Here a worker shakes hands.
"""

import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, unquote

from cheroot.makefile import StreamReader, StreamWriter
from cheroot.server import Gateway, HTTPConnection, HTTPRequest, HTTPServer
from cheroot.ssl import Adapter
from cheroot.workers.threadpool import ThreadPool

from infra.onprem.qkd_agent.web.messages import JSON, PeerCertificate, Request, Response
from infra.onprem.qkd_agent.web.tls import peer_certificate

_HANDSHAKE_SECONDS = 3.0
_MOST_DISCARDED_BYTES = 8 << 20
_LOG = logging.getLogger(__name__)
_PHRASES = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 410: "Gone", 413: "Content Too Large", 429: "Too Many Requests",
    500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip


class _Writer(StreamWriter):
    """Can hold back the head of an answer until its body comes: one record, one wake-up there."""

    is_holding = False

    def __init__(self, sock: Any, mode: str, bufsize: int) -> None:
        super().__init__(sock, mode, bufsize)
        self._held = b""

    def write(self, val: Any, /) -> int:
        if self.is_holding:
            self._held += val
            return len(val)
        joined, self._held = self._held + val, b""
        return int(super().write(joined))


class _TlsAdapter(Adapter):
    """Wraps the socket of a new connection, without shaking hands yet."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def bind(self, sock: Any) -> Any:
        return sock

    def wrap(self, sock: Any) -> tuple[Any, dict[str, Any]]:
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, {}

    def get_environ(self) -> dict[str, Any]:
        return {}

    def makefile(self, sock: Any, mode: str = "r", bufsize: int = -1) -> Any:
        kind = StreamReader if "r" in mode else _Writer
        return kind(sock, mode, bufsize if bufsize > 0 else 8192)


class _Request(HTTPRequest):
    """Says its own errors (too large, malformed) in JSON."""

    def simple_response(self, status: str | int, msg: str | bytes = "") -> None:
        text = msg.decode("latin-1") if isinstance(msg, bytes) else msg
        body = json.dumps({"message": text or str(status)[4:] or "error"}).encode()
        self.close_connection = True
        head = (
            f"{self.server.protocol} {status}\r\nContent-Type: {JSON}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        try:
            self.conn.wfile.write(head.encode("latin-1") + body)
            self._discard_body()
        except OSError as error:
            _LOG.info("an error could not be sent: %s", error)

    def _discard_body(self) -> None:
        """Read on a while: closing with unread data would destroy the answer on its way."""
        length = (self.inheaders or {}).get(b"Content-Length", b"0")
        left = min(int(length) if length.isdigit() else 0, _MOST_DISCARDED_BYTES)
        while left > 0 and (piece := self.conn.rfile.read(min(left, 1 << 16))):
            left -= len(piece)


class _Connection(HTTPConnection):
    """Shakes hands before its first request and keeps who the other end is."""

    RequestHandlerClass = _Request
    peer: PeerCertificate | None = None
    is_ready = False

    def communicate(self) -> bool:
        if not self.is_ready:
            try:
                self.socket.settimeout(_HANDSHAKE_SECONDS)
                self.socket.do_handshake()
                self.socket.settimeout(self.server.timeout)
            except OSError as error:
                _LOG.info("TLS handshake failed: %s", error)
                return False
            self.peer = peer_certificate(self.socket)
            self.is_ready = True
        if self.peer is not None and self.peer.expires_at <= time.time():
            _LOG.info("closed a connection whose client certificate has expired")
            return False
        return bool(super().communicate())


class _Gateway(Gateway):
    """Hands a parsed request to the face and writes its answer in one piece."""

    def respond(self) -> None:
        raw = self.req
        response = self.req.server.answer(self._request())
        phrase = _PHRASES.get(response.status, "")
        raw.status = f"{response.status} {phrase}".encode("ascii")
        raw.outheaders = [
            (name.encode("ascii"), value.encode("latin-1"))
            for name, value in response.headers.items()
        ]
        raw.outheaders.append((b"Content-Length", str(len(response.body)).encode("ascii")))
        raw.outheaders.append((b"Server", b"qkd-agent"))
        raw.sent_headers = True
        raw.conn.wfile.is_holding = True
        try:
            raw.send_headers()
        finally:
            raw.conn.wfile.is_holding = False
        raw.write(response.body)

    def _request(self) -> Request:
        raw = self.req
        target = raw.uri.decode("latin-1").partition("#")[0]
        path, _, query = target.partition("?")
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in raw.inheaders.items()
        }
        has_body = "content-length" in headers or raw.chunked_read
        return Request(
            method=raw.method.decode("latin-1"),
            segments=tuple(unquote(part) for part in path.strip("/").split("/")),
            query=parse_qs(query, keep_blank_values=True),
            headers=headers,
            body=raw.rfile.read() if has_body else b"",
            certificate=raw.conn.peer,
        )


class _Server(HTTPServer):
    ConnectionClass = _Connection
    answer: Callable[[Request], Response]

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002  # cheroot's signature
        _LOG.log(level, "%s", msg, exc_info=traceback)


class HttpsServer:
    """One listening face.

    Args:
        listen: Host and port; port 0 takes a free one.
        context: TLS settings.
        answer: Answers a request; must not raise.
        threads: Requests served at a time.
        maximum_body_bytes: Larger bodies get 413.
    """

    def __init__(
        self,
        listen: tuple[str, int],
        context: ssl.SSLContext,
        answer: Callable[[Request], Response],
        threads: int = 8,
        maximum_body_bytes: int = 1 << 20,
    ) -> None:
        server = _Server(listen, _Gateway, minthreads=threads, maxthreads=threads)
        server.requests = ThreadPool(server, min=threads, max=threads, accepted_queue_size=2048)
        server.ssl_adapter = _TlsAdapter(context)
        server.answer = answer
        server.timeout = 10
        server.request_queue_size = 1024
        server.keep_alive_conn_limit = 512
        server.max_request_body_size = maximum_body_bytes
        server.max_request_header_size = 64 << 10
        self._server = server
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen and serve, in a thread of its own."""
        self._server.prepare()
        self._thread = threading.Thread(target=self._server.serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self._server.bind_addr[1])

    def stop(self) -> None:
        """Stop listening and end the running requests."""
        self._server.stop()
        if self._thread is not None:
            self._thread.join(timeout=10)


def stop_all(servers: Sequence[HttpsServer]) -> None:
    """Stop several servers at the same time: each takes a while to notice."""
    with ThreadPoolExecutor(max(1, len(servers))) as pool:
        for stopped in [pool.submit(server.stop) for server in servers]:
            stopped.result()
