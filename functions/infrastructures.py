"""/infrastructures and /quota: what this site is, and what a project may use of it."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.calls import Call
from chalicelib.api.operations.site import LIST_INFRASTRUCTURES, SHOW_QUOTA
from chalicelib.api.present.site import infrastructure_answer, quota_answer
from chalicelib.api.replies import Reply
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.queries import NoQuery, QuotaQuery
from chalicelib.api.scope import project_to_show
from chalicelib.services.site import read_quota, site_state
from functions.wiring import router

blueprint = Blueprint(__name__)
route = router(blueprint)


@route.bind(LIST_INFRASTRUCTURES)
def list_infrastructures(call: Call[NoQuery, NoBody]) -> Reply:
    """Say what this site is and can do."""
    state = site_state(call.backend, call.principal)
    return Reply([infrastructure_answer(call.backend.settings, state)])


@route.bind(SHOW_QUOTA)
def show_quota(call: Call[QuotaQuery, NoBody]) -> Reply:
    """Show what a project uses and may use."""
    project_id = project_to_show(call.principal, call.query.project)
    return Reply(quota_answer(read_quota(call.backend, call.principal, project_id)))
