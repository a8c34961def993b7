"""Any object of the domain, for property tests."""

from __future__ import annotations

from datetime import UTC, datetime
from types import UnionType
from typing import Any, get_args, get_origin

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields

_NUMBERS = st.integers(-(2**53), 2**53)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return instances of a type; of a struct, every field is drawn, also one with a default."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        return st.builds(kind, **{entry.name: any_of(entry.type) for entry in fields(kind)})
    if get_origin(kind) is UnionType:
        return st.one_of(*(any_of(part) for part in get_args(kind)))
    if get_origin(kind) is tuple:
        return st.lists(any_of(get_args(kind)[0]), max_size=3).map(tuple)
    if get_origin(kind) is dict:
        return st.dictionaries(st.text(), _JSON, max_size=3)
    if kind is datetime:
        return st.datetimes(timezones=st.just(UTC))
    return _NUMBERS if kind is int else st.from_type(kind)
