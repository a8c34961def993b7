"""A JSON client for one KME: pooled connections, short timeouts, no retry, no redirect."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from infra.onprem.qkd_agent.redaction import redact
from infra.onprem.qkd_agent.web.messages import JSON
from infra.onprem.qkd_agent.web.tls import Identity, client_context

_MESSAGE_MEMBERS = ("message", "detail", "title", "description")
_MESSAGE_LENGTH = 200
_FIRST_ERROR = 400
_MAXIMUM_ANSWER_BYTES = 8 << 20


class NotSent(Exception):
    """The request did not leave: it may be repeated."""


class NoAnswer(Exception):
    """The request may have arrived; what became of it is not known."""


@dataclass(frozen=True)
class Answer:
    """An answer: `body` is None if it is not JSON."""

    status: int
    body: Any = field(repr=False)
    text: str = field(repr=False)

    @property
    def message(self) -> str:
        """Return what the other end says about an error, redacted, at most 200 characters.

        Empty if it is no error: a key container that is cut or has another form is quoted nowhere.
        """
        if self.status < _FIRST_ERROR:
            return ""
        said = self.text
        if isinstance(self.body, dict):
            texts = (self.body.get(member) for member in _MESSAGE_MEMBERS)
            said = next((text for text in texts if isinstance(text, str)), said)
        return redact(said)[:_MESSAGE_LENGTH]


class JsonClient:
    """Calls one base URL.

    Args:
        url: `https://host:port`, with an optional path.
        identity: What to show and whom to trust.
        expected_name: DNS name or CN that the server's certificate must carry.
        connect_seconds: Time to connect, and to shake hands.
        read_seconds: Longest silence while reading.
        keeps_connections: False opens one for each call. A server that closes a kept connection
            just when the next request leaves makes its answer a lost one.
    """

    def __init__(
        self,
        url: str,
        identity: Identity,
        expected_name: str,
        connect_seconds: float = 2.0,
        read_seconds: float = 5.0,
        *,
        keeps_connections: bool = True,
    ) -> None:
        parts = urlsplit(url)
        self._total_seconds = 2 * read_seconds
        self._base = parts.path.rstrip("/")
        self._new_pool = partial(
            urllib3.HTTPSConnectionPool,
            parts.hostname or "",
            parts.port or 443,
            maxsize=8,
            ssl_context=client_context(identity),
            assert_hostname=expected_name,
            timeout=urllib3.Timeout(connect=connect_seconds, read=read_seconds),
            retries=False,
        )
        self._pool = self._new_pool() if keeps_connections else None

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call once and return the answer, whatever its status.

        Raises:
            NotSent: If there was no connection.
            NoAnswer: If the request may have left and no complete answer came.
        """
        content = None if body is None else json.dumps(body).encode()
        sent = {"Accept": JSON, **(headers or {})}
        if content is not None:
            sent["Content-Type"] = JSON
        pool = self._pool or self._new_pool()
        try:
            response = pool.urlopen(
                method,
                self._base + path,
                body=content,
                headers=sent,
                redirect=False,
                preload_content=False,
            )
            raw = self._read(response)
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise NotSent(type(error).__name__) from error
        except (HTTPError, OSError) as error:
            raise NoAnswer(type(error).__name__) from error
        finally:
            if pool is not self._pool:
                pool.close()
        text = raw.decode("utf-8", "replace")
        try:
            return Answer(response.status, json.loads(text), text)
        except ValueError:
            return Answer(response.status, None, text)

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        deadline = time.monotonic() + self._total_seconds
        pieces: list[bytes] = []
        size = 0
        while piece := response.read1(1 << 16):
            pieces.append(piece)
            size += len(piece)
            if size > _MAXIMUM_ANSWER_BYTES or time.monotonic() > deadline:
                response.close()
                raise NoAnswer("the answer is too large or too slow")
        response.release_conn()
        return b"".join(pieces)

    def close(self) -> None:
        """Close the kept connections."""
        if self._pool is not None:
            self._pool.close()
