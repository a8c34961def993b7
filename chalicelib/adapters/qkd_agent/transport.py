"""The one way to the lab: mutual TLS with a pinned CA, bounded in time and size.

The environment has no say: no proxy, no CA variable, no netrc. Every call that goes through here is
harmless when repeated; none can return a key.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import urllib3
import urllib3.connection
from msgspec import Struct
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from chalicelib.adapters.qkd_agent.breaker import CircuitBreaker
from chalicelib.adapters.qkd_agent.call_log import call_log
from chalicelib.config_qkd import QKDFiles
from chalicelib.domain.errors import SiteRefused, SiteUnreachable

CONNECT_SECONDS = 2.0
TOTAL_SECONDS = 10.0
MAX_ANSWER_BYTES = 8 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_POOL_SIZE = 4
_MAX_REASON = 300
_FIRST_ERROR, _FIRST_SERVER_ERROR = 400, 500
_NO_CONTENT, _NOT_FOUND = 204, 404


class Bounds(Struct, frozen=True):
    """How long a call may take: to connect, and in all with its repetition; in seconds."""

    connect_seconds: float = CONNECT_SECONDS
    total_seconds: float = TOTAL_SECONDS


class SiteTransport:
    """Calls one agent's control face.

    Args:
        url: Base URL of the control face.
        name: The name that its certificate must carry, whatever the URL's host is.
        files: The pinned CA, and our certificate and key; or what gives them, as they are now.
    """

    def __init__(
        self,
        url: str,
        name: str,
        files: QKDFiles | Callable[[], QKDFiles],
        breaker: CircuitBreaker | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self._url, self._name = url, name
        self._current_files = files if callable(files) else lambda: files
        self._files: QKDFiles | None = None
        self._breaker = breaker or CircuitBreaker()
        self._bounds = bounds or Bounds()
        self._pool: urllib3.PoolManager | None = None
        self._lock = threading.Lock()

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        absent_is_fine: bool = False,
    ) -> Any:
        """Return the JSON of the answer; None when it has no body, or for an allowed 404.

        Raises:
            SiteUnreachable: no whole, sound answer came in time, or the agent failed on its side.
            SiteRefused: the agent refused; says why.
        """
        if not self._breaker.admits():
            raise self._unreachable("it has failed repeatedly and is left alone for half a minute")
        data = None if body is None else json.dumps(body).encode()
        sent = {"Accept": "application/json", **(headers or {})}
        if data is not None:
            sent["Content-Type"] = "application/json"
        try:
            with call_log(self._name, method, path) as line:
                status, text = self._send(method, path, data, sent | line.headers)
                line.status = status
            answer = json.loads(text) if text else None
        except (HTTPError, OSError, ValueError) as error:
            self._breaker.failed()
            raise self._unreachable(_reason(error)) from error
        if status >= _FIRST_SERVER_ERROR:
            self._breaker.failed()
            raise self._unreachable(f"it answers {status}: {_message(answer)}")
        self._breaker.succeeded()
        if status == _NOT_FOUND and absent_is_fine:
            return None
        if status >= _FIRST_ERROR:
            raise SiteRefused(f"The QKD agent {self._name} refuses: {_message(answer)}")
        return answer

    def _send(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, str]:
        """Send, and once more on a fresh connection: the kept one may have died meanwhile."""
        deadline = time.monotonic() + self._bounds.total_seconds
        try:
            return self._exchange(self._pooled(), method, path, data, headers, deadline)
        except ConnectionRefusedError:
            raise
        except (urllib3.exceptions.ProtocolError, ConnectionError):
            with self._new_pool(1) as fresh:
                return self._exchange(fresh, method, path, data, headers, deadline)

    def _exchange(
        self,
        pool: urllib3.PoolManager,
        method: str,
        path: str,
        data: bytes | None,
        headers: Mapping[str, str],
        deadline: float,
    ) -> tuple[int, str]:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        with _cut_off_after(left) as is_over:
            answer = pool.request(
                method,
                self._url + path,
                body=data,
                headers=headers,
                preload_content=False,
                redirect=False,
                timeout=Timeout(connect=min(self._bounds.connect_seconds, left), read=left),
            )
            try:
                text = self._read(answer, is_over).decode()
            except BaseException:
                answer.close()
                raise
        answer.release_conn()
        return answer.status, text

    @staticmethod
    def _read(answer: urllib3.BaseHTTPResponse, is_over: threading.Event) -> bytes:
        if answer.status != _NO_CONTENT and "Content-Length" not in answer.headers:
            raise ValueError("the answer's headers were cut off")
        found = bytearray()
        for chunk in answer.stream(_CHUNK_BYTES):
            found += chunk
            if len(found) > MAX_ANSWER_BYTES:
                raise ValueError("its answer is too large")
        if is_over.is_set():
            # What was read by then can look whole where only headers were cut off.
            raise TimeoutError("it took too long")
        return bytes(found)

    def _pooled(self) -> urllib3.PoolManager:
        files = self._current_files()
        with self._lock:
            if self._pool is None or files != self._files:
                self._pool, self._files = self._new_pool(_POOL_SIZE), files
            return self._pool

    def _new_pool(self, size: int) -> urllib3.PoolManager:
        files = self._current_files()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(cafile=files.ca)
        context.load_cert_chain(files.certificate, files.key)
        manager = urllib3.PoolManager(
            num_pools=1,
            maxsize=size,
            block=True,
            retries=False,
            ssl_context=context,
            assert_hostname=self._name,
            server_hostname=self._name,
        )
        manager.pool_classes_by_scheme = {"https": _ConnectionPool}
        return manager

    def _unreachable(self, reason: str) -> SiteUnreachable:
        return SiteUnreachable(f"The QKD agent {self._name} cannot be reached: {reason}.")


class _Connection(urllib3.connection.HTTPSConnection):
    """Tells the call that uses it which socket to cut off."""

    def request(self, *arguments: Any, **named: Any) -> None:
        _calls.sockets.append(self.sock)
        super().request(*arguments, **named)


class _ConnectionPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Connection


_calls = threading.local()


@contextmanager
def _cut_off_after(seconds: float) -> Iterator[threading.Event]:
    """Shut the block's connection down when its time is up.

    A peer that trickles keeps each single read short of its timeout: only this ends such an answer.
    """
    sockets = _calls.sockets = []
    is_over = threading.Event()

    def cut_off() -> None:
        is_over.set()
        for sock in sockets:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut_off)
    timer.daemon = True
    timer.start()
    try:
        yield is_over
    finally:
        timer.cancel()


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"this side has no {error.filename}"
    if isinstance(error, ValueError):
        return "its answer cannot be read"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "the connection fails"
    if isinstance(error, (TimeoutError, urllib3.exceptions.TimeoutError)):
        return "it does not answer in time"
    if isinstance(error, (ssl.SSLError, urllib3.exceptions.SSLError)):
        return f"it is not who it should be, or does not know us ({error})"[:_MAX_REASON]
    return "the connection fails"


def _message(answer: Any) -> str:
    """Return the agent's own sentence, cut to a bearable length."""
    if isinstance(answer, Mapping) and isinstance(answer.get("message"), str):
        return str(answer["message"])[:_MAX_REASON]
    return "no reason given"
