"""Read JSON values and query texts into the schemas' structs, and name every field that is wrong.

msgspec checks each single value; what it would report is the first fault only, so that the walk
over fields and lists is ours. A value that may be null is null, or else as its type says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from msgspec import Meta, Struct, ValidationError, convert
from msgspec.structs import fields

from chalicelib.domain.errors import FieldError, InvalidRequest

StructT = TypeVar("StructT", bound=Struct)
_MAX_SHOWN_NAME = 100


class Refused(Exception):
    """A value cannot be read; says why."""


def field_type(before: Callable[[Any], Any]) -> Meta:
    """Return what marks a type whose values go through a function first; it may raise Refused."""
    return Meta(extra={"before": before})


def text_type(
    must: str,
    *,
    min_length: int | None = None,
    max_length: int | None = None,
    pattern: str | None = None,
) -> Meta:
    """Return what marks a type of text; `must` is what is said of text that does not fit."""
    return Meta(min_length=min_length, max_length=max_length, pattern=pattern, extra={"must": must})


def read(
    kind: type[StructT], data: Mapping[str, Any], *, is_query: bool = False
) -> tuple[StructT, tuple[str, ...]]:
    """Return the data as a struct, and the paths of the fields that it does not know.

    Args:
        kind: What to read.
        data: By the names on the wire.
        is_query: Whether numbers are text.

    Raises:
        InvalidRequest: names every wrong field.
    """
    reading = _Reading(is_query=is_query)
    found = reading.struct(kind, data, "")
    if reading.errors:
        raise invalid(reading.errors)
    return found, tuple(reading.unknown)


def invalid(errors: list[FieldError]) -> InvalidRequest:
    """Return the error about some wrong fields."""
    first = errors[0]
    more = f" ({len(errors) - 1} more in errors.)" if len(errors) > 1 else ""
    return InvalidRequest(f"{first.field}: {first.message}.{more}", field_errors=tuple(errors))


class _Plan(Struct, frozen=True):
    """How to read a type: its structs and lists are walked, all else is `checked` by msgspec."""

    checked: Any
    is_nullable: bool
    struct: type[Struct] | None
    element: Any
    before: Callable[[Any], Any] | None
    must: str
    pattern: re.Pattern[str] | None


@cache
def _plan(hint: Any) -> _Plan:
    base, metas, is_nullable = _unwrapped(hint)
    is_list = get_origin(base) is list
    is_struct = isinstance(base, type) and issubclass(base, Struct)
    extra: dict[str, Any] = {}
    for meta in metas:
        extra |= meta.extra or {}
    if get_origin(base) is Literal:
        extra["must"] = f"Must be {' or '.join(map(repr, get_args(base)))}"
    patterns = [re.compile(meta.pattern) for meta in metas if meta.pattern]
    checked: Any = list[Any] if is_list else dict[str, Any] if is_struct else base
    return _Plan(
        checked=Annotated[checked, *metas] if metas else checked,
        is_nullable=is_nullable,
        struct=base if is_struct else None,
        element=get_args(base)[0] if is_list else None,
        before=extra.get("before"),
        must=extra.get("must", ""),
        pattern=patterns[0] if patterns else None,
    )


def _unwrapped(hint: Any) -> tuple[Any, tuple[Meta, ...], bool]:
    """Return a type without its annotations, these, and whether it may be None."""
    if get_origin(hint) is Annotated:
        inner, metas, is_nullable = _unwrapped(hint.__origin__)
        return inner, (*metas, *hint.__metadata__), is_nullable
    if get_origin(hint) in {Union, UnionType}:
        (inner,) = (part for part in get_args(hint) if part is not NoneType)
        return (*_unwrapped(inner)[:2], True)
    return hint, (), False


@cache
def _fields(kind: type[Struct]) -> tuple[tuple[str, str, bool, _Plan], ...]:
    """Return name, name on the wire, whether it must be there, and how it is read."""
    return tuple(
        (entry.name, entry.encode_name, entry.required, _plan(entry.type)) for entry in fields(kind)
    )


class _Reading:
    """Gathers what is wrong and what is unknown; what it returns counts if nothing is wrong."""

    def __init__(self, *, is_query: bool) -> None:
        self._is_query = is_query
        self.errors: list[FieldError] = []
        self.unknown: list[str] = []

    def struct(self, kind: type[StructT], data: Mapping[str, Any], path: str) -> Any:
        """Read an object."""
        prefix = f"{path}." if path else ""
        known = _fields(kind)
        on_the_wire = {wire_name for _, wire_name, _, _ in known}
        self.unknown += [prefix + _shown(name) for name in data if name not in on_the_wire]
        values: dict[str, Any] = {}
        for name, wire_name, is_required, plan in known:
            if wire_name in data:
                values[name] = self._value(plan, data[wire_name], prefix + wire_name)
            elif is_required:
                self._wrong(prefix + wire_name, "Field required")
        return None if self.errors else kind(**values)

    def _value(self, plan: _Plan, raw: Any, path: str) -> Any:
        if raw is None and plan.is_nullable:
            return None
        try:
            value = _checked(plan, raw, is_strict=not self._is_query)
        except Refused as refused:
            self._wrong(path, str(refused))
            return None
        if plan.struct is not None:
            return self.struct(plan.struct, value, path)
        if plan.element is None:
            return value
        element = _plan(plan.element)
        return [self._value(element, one, f"{path}[{n}]") for n, one in enumerate(value)]

    def _wrong(self, path: str, message: str) -> None:
        self.errors.append(FieldError(path, message))


def _checked(plan: _Plan, raw: Any, *, is_strict: bool) -> Any:
    """Return the value as its type says, without a look into objects and lists.

    Raises:
        Refused: it does not fit.
    """
    value = plan.before(raw) if plan.before else raw
    try:
        checked = convert(value, plan.checked, strict=is_strict)
    except ValidationError as error:
        is_about_text = plan.must and isinstance(value, str)
        raise Refused(plan.must if is_about_text else str(error)) from None
    # msgspec searches, and Python's `$` also matches before a newline at the end.
    if plan.pattern is not None and not plan.pattern.fullmatch(checked):
        raise Refused(plan.must)
    return checked


def _shown(name: str) -> str:
    printable = name if name.isprintable() else ascii(name)
    return printable[:_MAX_SHOWN_NAME]
