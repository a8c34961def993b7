"""The operations that describe the API."""

from __future__ import annotations

from chalicelib.api.operations.model import REVALIDATE, Operation, Security
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.queries import NoQuery
from chalicelib.api.schemas.site import ProblemKindAnswer

SHOW_OPENAPI = Operation(
    name="show_openapi",
    method="GET",
    path="/openapi.json",
    tag="Documentation",
    summary="This description",
    query=NoQuery,
    body=NoBody,
    answer=dict,
    security=Security.NONE,
    has_etag=True,
    cache_control=REVALIDATE,
)

SHOW_PROBLEM_KIND = Operation(
    name="show_problem_kind",
    method="GET",
    path="/problems/{slug}",
    tag="Documentation",
    summary="Say what a problem's type means",
    query=NoQuery,
    body=NoBody,
    answer=ProblemKindAnswer,
    security=Security.NONE,
    cache_control=REVALIDATE,
)

SHOW_DOCS = Operation(
    name="show_docs",
    method="GET",
    path="/docs",
    tag="Documentation",
    summary="Try the API in a browser",
    query=NoQuery,
    body=NoBody,
    answer=None,
    security=Security.NONE,
    has_etag=True,
    cache_control=REVALIDATE,
    other_media_types=("text/html",),
)

SHOW_DOCS_FILE = Operation(
    name="show_docs_file",
    method="GET",
    path="/docs/{file}",
    tag="Documentation",
    summary="The files of that page",
    query=NoQuery,
    body=NoBody,
    answer=None,
    security=Security.NONE,
    has_etag=True,
    cache_control=REVALIDATE,
    other_media_types=("text/css", "text/javascript", "text/plain"),
)

OPERATIONS = (
    SHOW_OPENAPI,
    SHOW_PROBLEM_KIND,
    SHOW_DOCS,
    SHOW_DOCS_FILE,
)
