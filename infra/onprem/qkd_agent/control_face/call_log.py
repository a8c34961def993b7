"""A log line per call of the control face, under the id that the backend follows its work by."""

import logging
import re
import time
from collections.abc import Sequence

from infra.onprem.qkd_agent.redaction import CALL_ATTRIBUTE
from infra.onprem.qkd_agent.web.messages import ApiError, Request, Response
from infra.onprem.qkd_agent.web.router import Handler, Route

_LOG = logging.getLogger(__name__)
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_INTERNAL_ERROR = 500


def correlation_id(request: Request) -> str | None:
    """Return the request's X-Correlation-ID; None when it has none, or one of another form."""
    given = request.headers.get("x-correlation-id", "")
    return given if _CORRELATION_ID.fullmatch(given) else None


def logged(routes: Sequence[Route]) -> list[Route]:
    """Return the routes, each of whose calls is logged; reads at DEBUG, as they are many."""
    return [Route(r.method, r.template, _logged(r)) for r in routes]


def _logged(route: Route) -> Handler:
    level = logging.DEBUG if route.method == "GET" else logging.INFO

    def answer(request: Request) -> Response:
        began, status = time.perf_counter(), _INTERNAL_ERROR
        try:
            response = route.handler(request)
            status = response.status
        except ApiError as error:
            status = error.status
            raise
        finally:
            call = {
                "correlation_id": correlation_id(request),
                "client": request.certificate.common_name if request.certificate else None,
                "method": route.method,
                "route": route.template,
                "status": status,
                "duration_ms": round((time.perf_counter() - began) * 1000, 1),
            }
            _LOG.log(level, "control call", extra={CALL_ATTRIBUTE: call})
        return response

    return answer
