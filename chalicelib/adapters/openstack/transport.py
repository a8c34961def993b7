"""The HTTP below the SDK: bounded in time, sent once, silent, and aware of what was sent.

Every request of the SDK, authentication included, passes through one session. There the limits
hold whatever clouds.yaml or the environment says: no retries, no proxies or certificate bundles
from the environment, no logging of headers or bodies (they hold tokens and user data).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from ssl import SSLCertVerificationError
from typing import Any

import requests
from keystoneauth1 import session as keystone_session
from msgspec import Struct
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError, SSLError

from chalicelib.adapters.openstack.call_log import global_request_id, write_line

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_LOGIN_PATH = "/auth/tokens"


class Call(Struct):
    """One call of a port, which may take several requests.

    Attributes:
        request_seconds: How long one request may take to connect, and to send some data.
        ends_at: When the call has to be over, on the monotonic clock.
        is_unanswered: Whether a request of it got no answer.
        is_change_open: Whether a change was sent that was not refused.
    """

    request_seconds: float
    ends_at: float
    is_unanswered: bool = False
    is_change_open: bool = False


_CALL: ContextVar[Call] = ContextVar("openstack_call")


@contextmanager
def one_call(request_seconds: float, call_seconds: float) -> Iterator[Call]:
    """Open a call; the requests made inside share its time and report to it."""
    call = Call(request_seconds, ends_at=time.monotonic() + call_seconds)
    token = _CALL.set(call)
    try:
        yield call
    finally:
        _CALL.reset(token)


class BoundedAdapter(HTTPAdapter):
    """Sends each request once, and within the time of the call that it belongs to.

    The limit holds for connecting and for each wait for data. What trickles in without end is
    stopped by the function's own timeout.
    """

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send a request and note in the current call what became of it."""
        call = _CALL.get()
        seconds = min(call.request_seconds, call.ends_at - time.monotonic())
        if seconds <= 0:
            call.is_unanswered = True
            raise requests.ConnectTimeout("No time is left for this request", request=request)
        was_open = call.is_change_open
        call.is_change_open = was_open or _is_change(request)
        began = time.monotonic()
        try:
            response = super().send(request, *args, **{**kwargs, "timeout": seconds})
        except requests.RequestException as error:
            write_line(request, None, time.monotonic() - began)
            call.is_unanswered = True
            if _was_never_sent(error):
                call.is_change_open = was_open
            raise
        write_line(request, response, time.monotonic() - began)
        if _is_refusal(response.status_code):
            call.is_change_open = was_open
        return response


class QuietSession(keystone_session.Session):
    """A keystoneauth session that never retries, and never logs headers or bodies."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(session=_http_session(), **kwargs)

    def request(self, url: str, method: str, **kwargs: Any) -> requests.Response:  # type: ignore[override]  # the many keywords are passed on unread
        """Send a request as keystoneauth does, without its retries and its log."""
        pinned: dict[str, Any] = {"connect_retries": 0, "status_code_retries": 0, "log": False}
        pinned["global_request_id"] = kwargs.get("global_request_id") or global_request_id()
        return super().request(url, method, **{**kwargs, **pinned})


def _http_session() -> requests.Session:
    session = requests.Session()
    # Else HTTP(S)_PROXY redirects, and REQUESTS_CA_BUNDLE replaces, what clouds.yaml says.
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, BoundedAdapter(max_retries=0))
    return session


def _is_change(request: requests.PreparedRequest) -> bool:
    path = (request.url or "").partition("?")[0]
    return request.method not in _SAFE_METHODS and not path.endswith(_LOGIN_PATH)


def _is_refusal(status: int) -> bool:
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR


def _was_never_sent(error: requests.RequestException) -> bool:
    """Say whether connecting itself failed, so that the cloud never saw the request."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else None
    if isinstance(reason, SSLError):
        return any(isinstance(part, SSLCertVerificationError) for part in reason.args)
    return isinstance(reason, NewConnectionError)
