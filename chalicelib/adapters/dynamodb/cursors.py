"""Opaque cursors: where the next page of an index query starts."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from chalicelib.domain.errors import FieldError, InvalidRequest

MAX_CURSOR_BYTES = 1024


def encode_cursor(key: Mapping[str, str]) -> str:
    """Return the cursor of a key, given as attribute names and values."""
    text = json.dumps(dict(key), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, names: frozenset[str], hash_name: str, owner: str) -> dict[str, str]:
    """Return the key of a cursor.

    Args:
        cursor: What the caller sent; anything.
        names: The attributes that the key must have, no more and no fewer.
        hash_name: The one of them that says whose list it is.
        owner: Its only acceptable value. A cursor of another list is refused, so that it cannot
            lead there.

    Raises:
        InvalidRequest: the cursor is not one of this list; names the field `cursor`.
    """
    key = _parse(cursor)
    if not isinstance(key, dict) or key.keys() != names:
        raise _wrong()
    if not all(isinstance(value, str) and value for value in key.values()):
        raise _wrong()
    if key[hash_name] != owner:
        raise _wrong()
    return key


def _parse(cursor: str) -> object:
    if len(cursor) > MAX_CURSOR_BYTES:
        raise _wrong()
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        parsed: object = json.loads(text)
        # A lone surrogate passes JSON and is no text that a store would take.
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _wrong() from error
    return parsed


def _wrong() -> InvalidRequest:
    message = "is not a cursor of this list; take it from the `next` link, or leave it out"
    return InvalidRequest(f"cursor {message}.", field_errors=(FieldError("cursor", message),))
