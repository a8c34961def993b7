"""One line per HTTP request, with its metrics, and what all lines of the request share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from chalice.app import Request, Response

from chalicelib.api.incoming import gateway_request_id, request_id_of
from chalicelib.logs.context import current_scope, scope
from chalicelib.logs.events import log
from chalicelib.logs.invocation import invocation
from chalicelib.metrics import REQUEST_LATENCY, REQUESTS

logger = logging.getLogger(__name__)

_FIRST_SERVER_ERROR = 500


def log_request(request: Request, respond: Callable[[Request], Response]) -> Response:
    """Answer a request and write its line. The outermost middleware: what is inside has the ids."""
    began = time.perf_counter()
    request_id, gateway_id = request_id_of(request), gateway_request_id(request)
    with scope(
        invocation(request.lambda_context),
        request_id=request_id,
        gateway_request_id=gateway_id if gateway_id != request_id else None,
        method=request.method,
    ):
        response = respond(request)
        _write(int(response.status_code), (time.perf_counter() - began) * 1000)
    return response


def request_id() -> str:
    """Return the id of the request that is being answered."""
    return str(current_scope().get("request_id", ""))


def _write(status: int, milliseconds: float) -> None:
    operation = str(current_scope().get("operation", "unknown"))
    values = {REQUESTS: 1.0, REQUEST_LATENCY: round(milliseconds, 3)}
    dimensions = {"Status": f"{status // 100}xx", "Operation": operation}
    level = logging.WARNING if status >= _FIRST_SERVER_ERROR else logging.INFO
    log(
        logger,
        level,
        "request",
        measured=(values, dimensions),
        status=status,
        duration_ms=round(milliseconds, 3),
    )
