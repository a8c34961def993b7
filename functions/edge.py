"""What every HTTP request passes on its way in and out."""

from __future__ import annotations

from collections.abc import Callable

from chalice.app import Blueprint, Request, Response

from chalicelib import bootstrap
from chalicelib.api.request_log import log_request
from chalicelib.api.router import edge_middleware
from functions.wiring import WIRING

blueprint = Blueprint(__name__)


def _logged(request: Request, respond: Callable[[Request], Response]) -> Response:
    bootstrap.start_logging()
    return log_request(request, respond)


# The first one registered is the outermost.
blueprint.register_middleware(_logged, "http")
blueprint.register_middleware(edge_middleware(WIRING), "http")
