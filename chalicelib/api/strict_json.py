"""Request bodies: exactly one JSON object in UTF-8, with one meaning only."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from chalicelib.domain.errors import NotJSON

_MAX_DEPTH = 20


def parse_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`; an empty body is an empty object.

    Python's parser takes the last of several equal names, and knows NaN; what two programs read
    differently is refused.

    Raises:
        NotJSON: it is anything else; says what.
    """
    if not raw.strip():
        return {}
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_each_name_once, parse_constant=_no_constant
        )
        _check_tree(value, 0)
    except UnicodeDecodeError:
        raise NotJSON("The body is not UTF-8 text.") from None
    except RecursionError:
        raise NotJSON(f"The body is nested more than {_MAX_DEPTH} levels deep.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise NotJSON(f"The body is not JSON: {error.msg} ({where}).") from None
    except ValueError as error:
        raise NotJSON(f"The body is not acceptable JSON: {error}.") from None
    if not isinstance(value, dict):
        raise NotJSON("The body must be a JSON object: {...}.")
    return value


def canonical(value: dict[str, Any]) -> bytes:
    """Return the same bytes for equal objects, whatever the order of their names."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(f"the name {name[:50]!a} occurs twice in one object")
        members[name] = value
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _check_tree(value: Any, depth: int) -> None:
    """Refuse deep nesting, infinite numbers (1e999) and text that is no Unicode."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"it is nested more than {_MAX_DEPTH} levels deep")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float):
        if value in {float("inf"), float("-inf")}:
            raise ValueError("a number is too large")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_text(name)
            _check_tree(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _check_tree(member, depth + 1)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a string holds half of a surrogate pair") from None
