"""HTTP/1.1 with keep-alive on the loopback interface, the request journal, and faults."""

import secrets
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from infra.local.simulator.app import App
from infra.local.simulator.faults import Effect, Fault, Faults
from infra.local.simulator.state import new_id
from infra.local.simulator.web import ApiError, Request, Response

LOOPBACK = "127.0.0.1"
_ADMIN_PATHS = ("/faults", "/snapshot", "/requests")
_PORTS = range(15_000, 32_768)
_BEFORE = (Effect.OUTAGE, Effect.DROP_BEFORE, Effect.STATUS)
_AFTER = (Effect.DROP_AFTER, Effect.STATUS_AFTER, Effect.GARBAGE)
_DEFAULT_MESSAGE = "The server has either erred or is incapable of performing the operation."
_GARBAGE = b"<html>upstream connect error or disconnect/reset before headers</html>"


class RecordedRequest(NamedTuple):
    """A line of the journal; the status is None if the connection was closed unanswered."""

    method: str
    path: str
    status: int | None


class Endpoint(ThreadingHTTPServer):
    """The listening socket, and what its connections share."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, app: App, faults: Faults) -> None:
        self.app = app
        self.faults = faults
        self.journal: list[RecordedRequest] = []
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        super().__init__((LOOPBACK, port or _free_port()), _Connection)

    @property
    def origin(self) -> str:
        """The start of every URL."""
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection, to end it when the server stops."""
        self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def end_connections(self) -> None:
        """Wake every connection that waits for a next request, and every delayed one."""
        self.stopping.set()
        for connection in self._connections.copy():
            _shut_down(connection)


class _Connection(BaseHTTPRequestHandler):
    """One client connection; one request after the other."""

    server: Endpoint
    protocol_version = "HTTP/1.1"
    # A buffered file sends head and body in one segment. Two small writes would meet Nagle's
    # algorithm and the client's delayed acknowledgment: 44 ms a request.
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        try:
            super().finish()
        except ConnectionError:
            # The client left, or a fault closed the connection: nobody waits for the rest.
            self.close_connection = True

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Stay silent: the journal is the log."""

    def _answer(self) -> None:
        request = self._read()
        if request.path.startswith(_ADMIN_PATHS):
            self._send(self.server.app.handle(request))
            return
        response = self._apply_faults(request, self.server.app.handle)
        status = None if response is None else response.status
        self.server.journal.append(RecordedRequest(request.method, request.path, status))
        if response is None:
            self.close_connection = True
            _shut_down(self.connection)
        else:
            self._send(response)

    # The names are how http.server finds a method's handler.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815  see above

    def _read(self) -> Request:
        target = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        return Request(
            method=self.command,
            path=target.path,
            origin=self.server.origin,
            query=parse_qsl(target.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )

    def _apply_faults(
        self, request: Request, handle: Callable[[Request], Response]
    ) -> Response | None:
        """Answer the request as the rules in force allow; None means: close the connection."""
        delay = self._take(request, Effect.DELAY)
        if delay is not None:
            self.server.stopping.wait(delay.seconds)
        before = self._take(request, *_BEFORE)
        if before is not None:
            return self._refusal(request, before) if before.effect is Effect.STATUS else None
        after = self._take(request, *_AFTER)
        response = handle(request)
        if after is None:
            return response
        if after.effect is Effect.GARBAGE:
            return Response(response.status, _GARBAGE, {"Content-Type": "text/html"})
        return self._refusal(request, after) if after.effect is Effect.STATUS_AFTER else None

    def _take(self, request: Request, *effects: Effect) -> Fault | None:
        return self.server.faults.take(request.method, request.path, *effects)

    def _refusal(self, request: Request, fault: Fault) -> Response:
        error = ApiError(fault.status, fault.message or _DEFAULT_MESSAGE, "HTTPInternalServerError")
        return self.server.app.refuse(request, error)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("x-openstack-request-id", f"req-{new_id()}")
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)


def _free_port() -> int:
    """Find a free port below the ephemeral range.

    A client that connects to a closed port inside that range can meet itself on loopback, and
    take a stopped simulator for a silent one.
    """
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port


def _shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # Already closed by the other side, which is what was wanted.
        return
