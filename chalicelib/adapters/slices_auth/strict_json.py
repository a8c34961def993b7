"""JSON as a security token must have it: one meaning only."""

from __future__ import annotations

import json
from typing import NoReturn


def parse_object(raw: bytes) -> dict[str, object]:
    """Return the JSON object in `raw`.

    Python's parser takes the last of several equal names, guesses UTF-16, and knows NaN; two
    parties who read one document differently is what forgers look for, so all that is refused.

    Raises:
        ValueError: it is not exactly one JSON object in UTF-8, each name once.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_each_name_once, parse_constant=_no_constant
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 -- one error type is the promise
    return value


def _each_name_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice")
    return members


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")
