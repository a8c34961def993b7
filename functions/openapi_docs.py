"""/openapi.json, /docs and /problems: the API describes itself, without a token."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.calls import Call
from chalicelib.api.docs_page import docs_file, docs_page
from chalicelib.api.openapi import document
from chalicelib.api.operations.documentation import (
    SHOW_DOCS,
    SHOW_DOCS_FILE,
    SHOW_OPENAPI,
    SHOW_PROBLEM_KIND,
)
from chalicelib.api.present.site import problem_kind_answer
from chalicelib.api.problem import problem_kinds
from chalicelib.api.replies import Reply
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.queries import NoQuery
from chalicelib.domain.permissions import not_found
from functions.wiring import WIRING, router

blueprint = Blueprint(__name__)
route = router(blueprint)


@route.bind(SHOW_OPENAPI)
def show_openapi(_: Call[NoQuery, NoBody]) -> Reply:
    """Describe the API."""
    settings = WIRING.settings()
    return Reply(document(settings.public_url, settings.site_name))


@route.bind(SHOW_PROBLEM_KIND)
def show_problem_kind(call: Call[NoQuery, NoBody]) -> Reply:
    """Say what a problem's type means."""
    slug = call.path("slug")
    kind = problem_kinds().get(slug)
    if kind is None:
        raise not_found("kind of problem", slug[:100])
    return Reply(problem_kind_answer(kind, WIRING.settings().public_url))


@route.bind(SHOW_DOCS)
def show_docs(_: Call[NoQuery, NoBody]) -> Reply:
    """Show the page where the API can be tried."""
    return docs_page(WIRING.settings().public_url)


@route.bind(SHOW_DOCS_FILE)
def show_docs_file(call: Call[NoQuery, NoBody]) -> Reply:
    """Serve the files of that page."""
    return docs_file(call.path("file"))
