"""Responses: bodies, entity tags, pages, and the headers that every answer carries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from chalice.app import Response
from msgspec import Struct, to_builtins

from chalicelib.api.schemas.base import Answer, rfc3339

# For all that is not a page: nothing may be loaded, framed or run.
NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"


class Reply(Struct, frozen=True):
    """What an operation answers: a model, a list of models, plain data or text."""

    body: Answer | list[Any] | dict[str, Any] | str
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = MappingProxyType({})
    next_cursor: str | None = None


def text_of(body: Any) -> str:
    """Return the body as text: JSON, unless it is text already."""
    if isinstance(body, str):
        return body
    plain = to_builtins(body, builtin_types=(datetime,))
    return json.dumps(plain, separators=(",", ":"), default=rfc3339)


def entity_tag(text: str) -> str:
    """Return a strong ETag (RFC 9110, section 8.8.3) of a body."""
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def is_unchanged(if_none_match: str | None, tag: str) -> bool:
    """Say whether If-None-Match names the tag, by weak comparison as RFC 9110 wants it."""
    if not if_none_match:
        return False
    candidates = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag in candidates or "*" in candidates


def finish(response: Response, request_id: str, base_url: str, cors_origin: str) -> Response:
    """Return the response with the headers that every answer carries."""
    headers = response.headers
    headers.setdefault("X-Request-Id", request_id)
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Content-Security-Policy", NO_CONTENT_POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Vary"] = "Authorization, Origin" if cors_origin else "Authorization"
    if base_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if cors_origin:
        headers["Access-Control-Allow-Origin"] = cors_origin
        headers["Access-Control-Expose-Headers"] = "ETag, Link, Retry-After, X-Request-Id"
    return response
