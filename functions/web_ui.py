"""/ui: the web page, its files, and what it asks before it can ask anything else."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.calls import Call
from chalicelib.api.operations.web_page import (
    SHOW_CALLER,
    SHOW_WEB_CONFIG,
    SHOW_WEB_FILE,
    SHOW_WEB_PAGE,
)
from chalicelib.api.replies import Reply
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.queries import NoQuery
from chalicelib.api.schemas.web_page import CallerAnswer
from chalicelib.api.web_page import web_config, web_file, web_page
from chalicelib.domain.permissions import Permission, permitted
from functions.wiring import WIRING, router

blueprint = Blueprint(__name__)
route = router(blueprint)


@route.bind(SHOW_WEB_PAGE)
def show_web_page(_: Call[NoQuery, NoBody]) -> Reply:
    """Show the page."""
    return web_page(WIRING.settings())


@route.bind(SHOW_WEB_CONFIG)
def show_web_config(_: Call[NoQuery, NoBody]) -> Reply:
    """Say what the page needs to know of this site."""
    return Reply(web_config(WIRING.settings()))


@route.bind(SHOW_CALLER)
def show_caller(call: Call[NoQuery, NoBody]) -> Reply:
    """Say who the token makes its bearer."""
    principal = call.principal
    return Reply(
        CallerAnswer(
            kind=principal.kind,
            user_id=principal.user_id,
            project_id=principal.project_id,
            experiment_id=principal.experiment_id,
            is_admin=principal.is_admin,
            permissions=[entry for entry in Permission if permitted(principal, entry)],
        )
    )


@route.bind(SHOW_WEB_FILE)
def show_web_file(call: Call[NoQuery, NoBody]) -> Reply:
    """Serve a file of the page."""
    return web_file(call.path("release"), call.path("directory"), call.path("file"))
