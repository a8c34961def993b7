"""The operations that serve the web page."""

from __future__ import annotations

from chalicelib.api.operations.model import REVALIDATE, Operation, Security
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.queries import NoQuery
from chalicelib.api.schemas.web_page import CallerAnswer, WebConfigAnswer

SHOW_WEB_PAGE = Operation(
    name="show_web_page",
    method="GET",
    path="/ui",
    tag="Web page",
    summary="The web page",
    query=NoQuery,
    body=NoBody,
    answer=None,
    security=Security.NONE,
    has_etag=True,
    cache_control=REVALIDATE,
    other_media_types=("text/html",),
)

SHOW_WEB_CONFIG = Operation(
    name="show_web_config",
    method="GET",
    path="/ui/config.json",
    tag="Web page",
    summary="What the web page needs to know of this site",
    query=NoQuery,
    body=NoBody,
    answer=WebConfigAnswer,
    security=Security.NONE,
    has_etag=True,
    cache_control=REVALIDATE,
)

SHOW_CALLER = Operation(
    name="show_caller",
    method="GET",
    path="/ui/caller",
    tag="Web page",
    summary="Say who the token makes its bearer, and what that permits",
    query=NoQuery,
    body=NoBody,
    answer=CallerAnswer,
)

SHOW_WEB_FILE = Operation(
    name="show_web_file",
    method="GET",
    path="/ui/{release}/{directory}/{file}",
    tag="Web page",
    summary="The files of the web page",
    query=NoQuery,
    body=NoBody,
    answer=None,
    security=Security.NONE,
    has_etag=True,
    cache_control=REVALIDATE,
    other_media_types=("text/css", "text/javascript", "text/plain"),
)

OPERATIONS = (
    SHOW_WEB_PAGE,
    SHOW_WEB_CONFIG,
    SHOW_CALLER,
    SHOW_WEB_FILE,
)
