"""Errors on the wire: application/problem+json (RFC 9457), and what each `type` means."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from msgspec import Struct

from chalicelib.domain.errors import BIError, FieldError, Unauthenticated, Unavailable

CONTENT_TYPE = "application/problem+json"
PATH = "/problems"
_MAX_FIELD_ERRORS = 100


class ProblemKind(Struct, frozen=True):
    """A kind of problem: its stable slug, title, usual status and meaning."""

    slug: str
    title: str
    status: int
    meaning: str


class UnknownPath(BIError):
    """No such path; GET /openapi.json lists those that exist."""

    slug, title, http_status = "unknown-path", "No such path", 404


class MethodNotAllowed(BIError):
    """The path exists and does not take this method; see the Allow header."""

    slug, title, http_status = "method-not-allowed", "Method not allowed", 405


class UnsupportedMediaType(BIError):
    """The body must be application/json."""

    slug, title, http_status = "unsupported-media-type", "Body must be JSON", 415


class InternalError(BIError):
    """Our mistake; tell the operators the X-Request-Id."""

    slug, title, http_status = "internal-error", "Internal error", 500


class GatewayRefusal(BIError):
    """The gateway in front of this service refused the request."""

    slug, title, http_status = "gateway-refusal", "Refused before it was read", 400


def problem_kinds() -> dict[str, ProblemKind]:
    """Return every kind of problem by slug."""
    return {
        kind.slug: ProblemKind(kind.slug, kind.title, kind.http_status, inspect.getdoc(kind) or "")
        for kind in _subclasses(BIError)
    }


def problem_of(
    error: BIError,
    *,
    base_url: str,
    instance: str,
    status: int | None = None,
    request_id: str | None = None,
) -> dict[str, Any]:
    """Return the problem document of an error."""
    request = {"request_id": request_id} if request_id else {}
    return {
        "type": f"{base_url}{PATH}/{error.slug}",
        "title": error.title,
        "status": status or error.http_status,
        "detail": error.detail,
        "instance": instance,
        "code": error.slug,
        "errors": [_field(entry) for entry in error.field_errors[:_MAX_FIELD_ERRORS]],
        **request,
    }


def headers_of(error: BIError) -> dict[str, str]:
    """Return the headers that go with an error."""
    headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = f'Bearer realm="slices", error="{_bearer_error(error)}"'
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "5"
    return headers


def as_problem(
    status: int,
    body: str,
    *,
    base_url: str,
    instance: str,
    allow: str = "",
    request_id: str | None = None,
) -> str:
    """Return the problem text for an error that some framework or gateway worded its own way.

    Chalice and API Gateway answer an unknown path with 403 and no code of their own; callers that
    see that pass 404.
    """
    error = _foreign_error(status, body, allow)
    problem = problem_of(
        error, base_url=base_url, instance=instance, status=status, request_id=request_id
    )
    return json.dumps(problem)


def _foreign_error(status: int, body: str, allow: str) -> BIError:
    if status == HTTPStatus.NOT_FOUND:
        return UnknownPath("There is no such path. GET /openapi.json lists those that exist.")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowed(f"This path takes: {allow or 'other methods'}.")
    if status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        return UnsupportedMediaType("Send the body as Content-Type: application/json.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return internal_error()
    return GatewayRefusal(_message(body) or HTTPStatus(status).phrase)


def internal_error() -> InternalError:
    """Return the error that says nothing of the inside."""
    return InternalError("Something went wrong here. Tell the operators the X-Request-Id.")


def _message(body: str) -> str | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    found = (value.get("Message") or value.get("message")) if isinstance(value, dict) else None
    return str(found)[:500] if found else None


def _field(entry: FieldError) -> dict[str, str]:
    return {"field": entry.field, "message": entry.message}


def _bearer_error(error: Unauthenticated) -> str:
    # RFC 6750 section 3.1 knows these two; the problem's code says more.
    return "invalid_request" if error.slug == "token-missing" else "invalid_token"


def _subclasses(kind: type[BIError]) -> Iterator[type[BIError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)
