"""Pages of lists: `limit` and an opaque `cursor` in, a Link header out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from chalicelib.domain.errors import FieldError, InvalidRequest
from chalicelib.services.ports import Page

DEFAULT_LIMIT = 100
MAX_LIMIT = 500


def next_link(path: str, query: Mapping[str, str], cursor: str) -> str:
    """Return the Link header (RFC 8288) to the next page; the reference is relative."""
    parameters = {name: value for name, value in query.items() if name != "cursor"}
    return f'<{path}?{urlencode({**parameters, "cursor": cursor})}>; rel="next"'


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


_ItemT = TypeVar("_ItemT", bound=_Identified)


def page_of(entries: Sequence[_ItemT], limit: int, cursor: str | None) -> Page[_ItemT]:
    """Return a page of a list that comes whole, sorted by id.

    Raises:
        InvalidRequest: the cursor is not one of ours.
    """
    after = _decode(cursor) if cursor else ""
    rest = [entry for entry in entries if entry.id > after]
    items = tuple(rest[:limit])
    more = len(rest) > limit
    return Page(items, encode_cursor(items[-1].id) if more else None)


def encode_cursor(position: str) -> str:
    """Return a position in a list as an opaque cursor."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def time_of_cursor(cursor: str) -> datetime:
    """Return the moment at which a time series goes on.

    Raises:
        InvalidRequest: the cursor is not one of ours.
    """
    try:
        at = datetime.fromisoformat(_decode(cursor))
    except ValueError as error:
        raise _not_ours() from error
    if at.tzinfo is None:
        raise _not_ours()
    return at


def _not_ours() -> InvalidRequest:
    message = "is not a cursor of this list; take it from the Link header, or leave it out"
    return InvalidRequest(f"cursor {message}.", field_errors=(FieldError("cursor", message),))


def _decode(cursor: str) -> str:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error) as error:
        raise _not_ours() from error
