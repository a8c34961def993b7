"""A request as the operations see it, taken from Chalice's."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from chalice.app import Request
from msgspec import Struct

from chalicelib.domain.errors import (
    FieldError,
    InvalidRequest,
    NotFound,
    NotJSON,
    RequestTooLarge,
)

MAX_BODY_BYTES = 1024 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MAX_INSTANCE = 300


class Incoming(Struct, frozen=True):
    """One HTTP request. `path_parameters` are decoded."""

    method: str
    instance: str
    headers: Mapping[str, str]
    path_parameters: Mapping[str, str]
    query: Mapping[str, str]
    raw: Request


def incoming(request: Request, path_parameters: Mapping[str, str]) -> Incoming:
    """Return the request with its parameters decoded.

    Raises:
        NotFound: a path parameter is not text.
        InvalidRequest: a query parameter is given twice.
    """
    return Incoming(
        method=request.method,
        instance=instance_of(request),
        headers=request.headers,
        path_parameters={name: _decoded(value) for name, value in path_parameters.items()},
        query=_single_values(request),
        raw=request,
    )


def request_id_of(request: Request) -> str:
    """Return the client's X-Request-Id or X-Correlation-Id if well-formed, else the gateway's."""
    for name in ("x-request-id", "x-correlation-id"):
        given = request.headers.get(name, "")
        if _REQUEST_ID.fullmatch(given):
            return str(given)
    return gateway_request_id(request) or str(uuid.uuid4())


def gateway_request_id(request: Request) -> str | None:
    """Return API Gateway's id of the request; the local server has none."""
    found = request.context.get("requestId")
    return str(found) if found else None


def instance_of(request: Request) -> str:
    """Return the path of the request as a URI reference, without the query."""
    path = str(request.context.get("path") or request.path)
    return quote(path[:_MAX_INSTANCE], safe="/%-._~{}")


def body_bytes(request: Request) -> bytes:
    """Return the body.

    Raises:
        RequestTooLarge: it exceeds MAX_BODY_BYTES.
        NotJSON: the gateway handed over text that is no Unicode, or no base64.
    """
    try:
        raw: Any = request.raw_body
    except ValueError:
        raise NotJSON("The body is not UTF-8 text.") from None
    if len(raw) > MAX_BODY_BYTES:
        raise RequestTooLarge(f"The body exceeds {MAX_BODY_BYTES} bytes.")
    return bytes(raw)


def _decoded(value: str) -> str:
    try:
        text = unquote_to_bytes(value).decode()
    except ValueError:
        text = ""
    if not text.isprintable() or not text:
        raise NotFound("There is no such thing: the path holds unprintable characters.")
    return text


def _single_values(request: Request) -> dict[str, str]:
    """Return the query; empty values count as absent."""
    found: dict[str, str] = {}
    parameters = request.query_params
    if parameters is None:
        return found
    for name in parameters:
        values = parameters.getlist(name)
        if len(values) > 1:
            message = "is given more than once"
            raise InvalidRequest(
                f"Query parameter {name[:100]!a} {message}.",
                field_errors=(FieldError(name[:100], message),),
            )
        if values and values[0] != "":
            found[name] = values[0]
    return found
