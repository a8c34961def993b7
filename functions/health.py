"""/health: whether the service works."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.calls import Call
from chalicelib.api.operations.site import SHOW_HEALTH
from chalicelib.api.present.site import health_answer
from chalicelib.api.replies import Reply
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.queries import NoQuery
from chalicelib.services.site import check_health
from functions.wiring import router

blueprint = Blueprint(__name__)
route = router(blueprint)


@route.bind(SHOW_HEALTH)
def show_health(call: Call[NoQuery, NoBody]) -> Reply:
    """Say whether the service works; 503 when it does not."""
    health = check_health(call.backend)
    return Reply(health_answer(health), status=200 if health.is_store_up else 503)
