"""A local API Gateway: Chalice's own gateway on a threaded HTTP/1.1 server, made fit for load.

`chalice local` mixes up the Lambda contexts of parallel requests and stalls 44 ms on each
keep-alive request; this one does neither, bounds bodies, and ends the requests it has begun.
"""

from __future__ import annotations

import errno
import functools
import logging
import random
import threading
import uuid
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from chalice import Chalice
from chalice.config import Config
from chalice.local import ChaliceRequestHandler, LocalChalice

from chalicelib.api.problem import CONTENT_TYPE, as_problem

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
MAX_BODY_BYTES = 10 * 1024 * 1024  # API Gateway's limit
_FREE_PORTS = range(20_000, 32_000)
_PORT_ATTEMPTS = 50
_IDLE_SECONDS = 60
_POLL_SECONDS = 0.1
_TIMEOUT_SECONDS = 29  # API Gateway's limit


class ThreadSafeChalice(LocalChalice):
    """An app whose request and Lambda context belong to the thread that serves them."""

    _of_thread = threading.local()

    @property
    def current_request(self) -> Any:
        """Return this thread's request, or None outside of one."""
        return getattr(self._of_thread, "current_request", None)

    @current_request.setter
    def current_request(self, value: Any) -> None:
        self._of_thread.current_request = value

    @property
    def lambda_context(self) -> Any:
        """Return this thread's Lambda context, or None outside of a call."""
        return getattr(self._of_thread, "lambda_context", None)

    @lambda_context.setter
    def lambda_context(self, value: Any) -> None:
        self._of_thread.lambda_context = value


def make_thread_safe(app: Chalice) -> Chalice:
    """Change the app's class so that threads do not see each other's requests; return it."""
    if not isinstance(app, ThreadSafeChalice):
        app.__class__ = ThreadSafeChalice
    return app


class ApiServer:
    """Serves an app on a loopback port. Bound at once, so that its URL is known; served later."""

    def __init__(self, port: int) -> None:
        """Bind.

        Raises:
            OSError: the port is taken.
        """
        self._server = _bound(port)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self, app: Chalice) -> None:
        """Serve the app from a thread of its own."""
        config = Config.create(lambda_timeout=_TIMEOUT_SECONDS)
        handler: Any = functools.partial(
            _Handler, app_object=make_thread_safe(app), config=config, requests=self._server.busy
        )
        self._server.RequestHandlerClass = handler
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="api", daemon=True
        )
        self._thread.start()

    def stop(self, grace_seconds: float = 5.0) -> bool:
        """Accept nothing more, let the requests that have begun end; say whether they did."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        return self._server.busy.wait_until_idle(grace_seconds)


def _bound(port: int) -> _Server:
    """Return a server on the port, or on a free one below the ephemeral ports if it is 0.

    Outgoing connections take ephemeral ports: one could hold ours when the stack starts again.
    """
    if port:
        return _Server((LOOPBACK, port), BaseHTTPRequestHandler)
    for candidate in random.sample(_FREE_PORTS, _PORT_ATTEMPTS):
        try:
            return _Server((LOOPBACK, candidate), BaseHTTPRequestHandler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "found no free port")


class BusyRequests:
    """Counts the requests under way."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_error: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until none is left; False when time is up."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # idle keep-alive connections would hold it for their whole timeout
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.busy = BusyRequests()
        super().__init__(address, handler)


class _Handler(ChaliceRequestHandler):
    # Together they send an answer as one packet: else Nagle waits 44 ms for a delayed ACK.
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = _IDLE_SECONDS

    def __init__(self, *args: Any, requests: BusyRequests, **kwargs: Any) -> None:
        self._requests = requests
        super().__init__(*args, **kwargs)

    def _answer(self) -> None:
        with self._requests:
            refusal = self._framing_refusal()
            if refusal is None:
                self._generic_handle()
            else:
                self._refuse(refusal)
            self.wfile.flush()

    # http.server finds a method's handler by these names.
    do_GET = do_PUT = do_POST = _answer  # noqa: N815 -- as above
    do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _answer  # noqa: N815 -- as above

    def _framing_refusal(self) -> HTTPStatus | None:
        """Return why the body must not be read, if so."""
        if "transfer-encoding" in self.headers:
            return HTTPStatus.LENGTH_REQUIRED
        length = self.headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()):
            return HTTPStatus.BAD_REQUEST
        if int(length) > MAX_BODY_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return None

    def _refuse(self, status: HTTPStatus) -> None:
        # The body stays unread, so nothing more can be understood on this connection.
        self.close_connection = True
        self._send_problem(status)

    def _send_error_response(self, error: Any) -> None:
        # API Gateway echoes the token of a request to an unknown path; GatewayResponses in the
        # template replace its errors, and so does this.
        status = HTTPStatus.NOT_FOUND if error.CODE == HTTPStatus.FORBIDDEN else error.CODE
        self._send_problem(HTTPStatus(status))

    def _send_problem(self, status: HTTPStatus) -> None:
        host, port = self.server.server_address[:2]
        base_url, instance = f"http://{host!s}:{port}", urlsplit(self.path).path
        request_id = str(uuid.uuid4())
        problem = as_problem(
            status, "", base_url=base_url, instance=instance, request_id=request_id
        )
        headers = {"Content-Type": CONTENT_TYPE, "X-Request-Id": request_id}
        self._send_http_response(status, headers, problem)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- inherited name
        """Log at debug level: people watch the lifecycle, not the polling."""
        logger.debug(format, *args)
