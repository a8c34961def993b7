"""Objects of the domain to plain JSON values and back.

Times become RFC 3339 UTC text of fixed width, so that text order is time order. Reading is
lenient: unknown names are ignored and missing ones take their default, so that two versions of the
software can share a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from msgspec import Struct
from msgspec.structs import asdict, fields

StructT = TypeVar("StructT", bound=Struct)
_Decoder = Callable[[Any], Any]


def to_text(at: datetime) -> str:
    """Return `2026-01-31T12:00:00.000000Z`.

    Raises:
        ValueError: the time has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("a time without a time zone cannot be stored")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def from_text(text: str) -> datetime:
    """Return the time of a text that `to_text` made."""
    return datetime.fromisoformat(text)


def encode(value: Any) -> Any:
    """Return the JSON value of an object, tuple, time, enum member or plain value."""
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [encode(element) for element in value]
    if isinstance(value, Struct):
        return encode_fields(value)
    return value


def encode_fields(instance: Struct) -> dict[str, Any]:
    """Return the JSON values of an object by field, without those that are None."""
    values = asdict(instance)
    return {name: encode(value) for name, value in values.items() if value is not None}


def decode_fields(kind: type[StructT], values: Mapping[str, Any]) -> StructT:
    """Return the object whose `encode_fields` is `values`.

    Raises:
        ValueError: a field that has no default is missing, or a value does not fit its type.
    """
    cached_kind: Any = kind  # the stubs of functools.cache do not take classes as hashable
    plan = _plan(cached_kind)
    known = {
        name: decode(values[name])
        for name, decode in plan.decoders.items()
        if values.get(name) is not None
    }
    missing = plan.required - known.keys()
    if missing:
        raise ValueError(f"stored {kind.__name__} lacks {', '.join(sorted(missing))}")
    return kind(**{**plan.absent, **known})


class _Plan(Struct, frozen=True):
    """How to read one type; `absent` are fields without default whose None is not stored."""

    decoders: dict[str, _Decoder]
    required: frozenset[str]
    absent: dict[str, None]


@cache
def _plan(kind: Any) -> _Plan:
    known = fields(kind)
    required = {entry.name: entry.type for entry in known if entry.required}
    absent = [name for name, hint in required.items() if NoneType in get_args(hint)]
    return _Plan(
        decoders={entry.name: _decoder(entry.type) for entry in known},
        required=frozenset(required).difference(absent),
        absent=dict.fromkeys(absent),
    )


def _decoder(hint: Any) -> _Decoder:
    """Return the function that reads a value of this type; None never reaches it."""
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        (inner,) = (part for part in get_args(hint) if part is not NoneType)
        return _decoder(inner)
    if origin is tuple:
        element = _decoder(get_args(hint)[0])
        return lambda values: tuple(element(value) for value in values)
    if hint is datetime:
        return from_text
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if isinstance(hint, type) and issubclass(hint, Struct):
        return lambda values: decode_fields(hint, values)
    return _same


def _same(value: Any) -> Any:
    return value
