"""Fetching an authority's documents: bounded in time, size and trust."""

from __future__ import annotations

import ipaddress
import time
from urllib.parse import urlsplit

import urllib3

MAX_DOCUMENT_BYTES = 256 * 1024
CONNECT_SECONDS = 2.0
READ_SECONDS = 3.0
TOTAL_SECONDS = 6.0
_HTTP_OK = 200
_CHUNK_BYTES = 16 * 1024


class FetchError(Exception):
    """A document could not be had; the text says why and holds no secret."""


class DocumentFetcher:
    """Gets small public documents over HTTPS; plain HTTP only from this machine."""

    def __init__(self) -> None:
        # Proxy settings of the environment have no say here: PoolManager ignores them.
        self._pool = urllib3.PoolManager(
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )

    def __call__(self, url: str) -> bytes:
        """Return the body that `url` answers with status 200.

        Redirects are not followed, and compressed answers are refused (their true size is unknown).

        Raises:
            FetchError: the URL is not allowed, nobody answers in time, or not with such a body.
        """
        require_safe_url(url)
        try:
            response = self._pool.request(
                "GET",
                url,
                headers={"Accept": "application/json"},
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise FetchError(f"{url}: {type(error).__name__}") from error
        try:
            return _read_body(response, url)
        except urllib3.exceptions.HTTPError as error:
            raise FetchError(f"{url}: {type(error).__name__}") from error
        finally:
            # Closing instead of reusing: what was not read must not meet the next request.
            response.close()


def require_safe_url(url: str) -> None:
    """Accept https URLs, and http ones of this machine.

    Raises:
        FetchError: it is another URL.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host:
        raise FetchError("not a URL with a host")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        raise FetchError(f"{url}: https is required")


def is_loopback(url: str) -> bool:
    """Say whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read_body(response: urllib3.BaseHTTPResponse, url: str) -> bytes:
    if response.status != _HTTP_OK:
        raise FetchError(f"{url}: status {response.status}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise FetchError(f"{url}: the answer is compressed")
    # The read timeout restarts with every packet; the deadline does not.
    deadline = time.monotonic() + TOTAL_SECONDS
    body = bytearray()
    while chunk := response.read1(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_DOCUMENT_BYTES:
            raise FetchError(f"{url}: more than {MAX_DOCUMENT_BYTES} bytes")
        if time.monotonic() > deadline:
            raise FetchError(f"{url}: slower than {TOTAL_SECONDS:g} s")
    return bytes(body)
