"""What all schemas share: structs for what comes in and what goes out, and types of fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct

from chalicelib.api.schemas.reading import Refused, field_type, text_type

_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})?"
)
_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO = frozenset({"0", "false", "f", "no", "n", "off"})


class Body(Struct, frozen=True):
    """A request body, or part of one. Its repr shows nothing: bodies carry tokens and user data.

    `schema_extra` is what its JSON schema says beyond the fields.
    """

    schema_extra: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class NoBody(Body, frozen=True):
    """Nothing is read from the body."""


class Query(Struct, frozen=True):
    """Query parameters; they come as text."""


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    """A response body, or part of one: every field is always present."""


def rfc3339(value: datetime) -> str:
    """Return the time as SLICES clients expect it: UTC, whole seconds, `Z`."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(value: Any) -> datetime:
    """Return a time in UTC with whole seconds, from RFC 3339 text with a time zone.

    Raises:
        Refused: it is none.
    """
    match = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Refused("Must be a time such as 2026-08-02T18:51:00Z")
    if match.group(3) is None:
        raise Refused("Has no time zone: end it with Z (UTC) or an offset such as +02:00")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise Refused("There is no such time") from None


def _whole(value: Any) -> Any:
    """Take 8000.0 for 8000, as JSON does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _flag(value: str) -> bool:
    word = value.lower()
    if word not in _YES | _NO:
        raise Refused("Must be true or false")
    return word in _YES


Time = Annotated[datetime, field_type(parse_time), Meta(tz=True)]
Flag = Annotated[bool, field_type(_flag)]
WholeNumber = Annotated[int, field_type(_whole)]
Count = Annotated[WholeNumber, Meta(ge=0, le=2**31 - 1)]

# Text that is shown on one line: no control characters.
Line = Annotated[
    str,
    text_type(
        "Must be one line of 1 to 255 characters",
        min_length=1,
        max_length=255,
        pattern=r"^[^\x00-\x1f\x7f]+$",
    ),
]
# An identifier, or a name that stands for one.
Reference = Line
# An identifier as clients and SLICES make them.
Identifier = Annotated[
    str,
    text_type(
        "Must be 1 to 200 visible ASCII characters without spaces",
        max_length=200,
        pattern=r"^[!-~]+$",
    ),
]
Text = Annotated[
    str,
    text_type(
        "Must have at most 4000 characters, none of them NUL",
        max_length=4000,
        pattern=r"^[^\x00]*$",
    ),
]
