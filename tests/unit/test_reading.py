"""Reading JSON values and query texts into structs: what fits, and what is said of the rest."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, field

from chalicelib.api.schemas.base import Body, Count, Flag, Line, Query, Time, rfc3339
from chalicelib.api.schemas.reading import Refused, field_type, read, text_type
from chalicelib.domain.errors import InvalidRequest

Name = Annotated[str, text_type("Must be a to z", max_length=5, pattern=r"^[a-z]+$")]


def _doubled(value: Any) -> Any:
    if value == "never":
        raise Refused("Must not be never")
    return value + value


class Inner(Body, frozen=True):
    name: Name
    size: Count = 1


class Outer(Body, frozen=True, kw_only=True):
    at: Time
    kind: Literal["vm", "qkd"] = "vm"
    inner: Inner | None = None
    many: Annotated[list[Inner], Meta(min_length=1, max_length=3)]
    names: Annotated[list[Name], Meta(max_length=2)] | None = None
    twice: Annotated[str, field_type(_doubled)] = ""
    wire: int = field(default=0, name="on-the-wire")


class Search(Query, frozen=True):
    limit: Annotated[int, Meta(ge=1, le=9)] = 5
    wait: Annotated[float, Meta(ge=0, le=20)] = 0
    every: Flag = field(default=False, name="all")
    until: Time | None = None
    text: Line | None = None


RIGHT: dict[str, Any] = {"at": "2026-01-31T12:00:00Z", "many": [{"name": "a"}]}


def wrong(kind: Any, data: dict[str, Any], **options: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        read(kind, data, **options)
    return {entry.field: entry.message for entry in caught.value.field_errors}


def test_what_fits_is_read_with_its_defaults():
    found, unknown = read(Outer, {**RIGHT, "twice": "ab", "on-the-wire": 7, "inner": None})
    assert rfc3339(found.at) == "2026-01-31T12:00:00Z"
    assert (found.many, found.twice, found.wire) == ([Inner("a", 1)], "abab", 7)
    assert (found.kind, found.inner, found.names, unknown) == ("vm", None, None, ())


def test_every_wrong_field_is_named_with_its_path():
    data = {
        "kind": "bare metal",
        "inner": {"name": "UPPER", "size": -1},
        "many": [{"name": "a"}, {"size": True}, 7],
        "names": ["a", "b\n"],
        "twice": "never",
    }
    assert wrong(Outer, data) == {
        "at": "Field required",
        "kind": "Must be 'vm' or 'qkd'",
        "inner.name": "Must be a to z",
        "inner.size": "Expected `int` >= 0",
        "many[1].name": "Field required",
        "many[1].size": "Expected `int`, got `bool`",
        "many[2]": "Expected `object`, got `int`",
        "names[1]": "Must be a to z",
        "twice": "Must not be never",
    }


@pytest.mark.parametrize(
    ("field_name", "value", "message"),
    [
        ("many", [], "Expected `array` of length >= 1"),
        ("many", [{"name": "a"}] * 4, "Expected `array` of length <= 3"),
        ("many", {"name": "a"}, "Expected `array`, got `object`"),
        ("many", None, "Expected `array`, got `null`"),
        ("at", None, "Must be a time such as 2026-08-02T18:51:00Z"),
        ("at", "2026-08-02T18:51:00", "Has no time zone"),
        ("at", "2026-02-30T18:51:00Z", "There is no such time"),
        ("inner", "text", "Expected `object`, got `str`"),
        ("on-the-wire", "7", "Expected `int`, got `str`"),
    ],
)
def test_a_wrong_value_is_refused(field_name: str, value: Any, message: str):
    found = wrong(Outer, {**RIGHT, field_name: value})
    assert list(found) == [field_name]
    assert found[field_name].startswith(message)


@pytest.mark.parametrize("text", ["a\n", "\na", "a\nb", "a" * 6, ""])
def test_text_must_fit_its_pattern_from_end_to_end(text: str):
    assert wrong(Inner, {"name": text}) == {"name": "Must be a to z"}


def test_no_message_repeats_what_was_sent():
    secret = "s3cret" * 20
    data = {**RIGHT, "kind": secret, "at": secret, "inner": secret, "names": [secret, {secret: 1}]}
    assert secret not in repr(wrong(Outer, data))


def test_unknown_fields_are_told_with_their_paths():
    data = {**RIGHT, "new": 1, "wire": 2, "many": [{"name": "a"}, {"name": "b", "odd\n": 1}]}
    _, unknown = read(Outer, data)
    assert unknown == ("new", "wire", r"many[1].'odd\n'")


def test_whole_numbers_may_come_as_floats():
    assert read(Inner, {"name": "a", "size": 8000.0})[0].size == 8000
    assert list(wrong(Inner, {"name": "a", "size": 8000.5})) == ["size"]


def test_query_parameters_are_read_from_text():
    sent = {"limit": "9", "wait": "0.5", "all": "Yes", "until": "2026-01-31T13:00:00+01:00"}
    found, _ = read(Search, sent, is_query=True)
    assert (found.limit, found.wait, found.every) == (9, 0.5, True)
    assert rfc3339(found.until) == "2026-01-31T12:00:00Z"


def test_null_in_a_query_is_text():
    assert read(Search, {"text": "null"}, is_query=True)[0].text == "null"


@pytest.mark.parametrize(
    ("name", "text"),
    [("limit", "0"), ("limit", "x"), ("wait", "nan"), ("wait", "inf"), ("wait", "-1"),
     ("all", "perhaps"), ("until", "null"), ("text", "")],
)  # fmt: skip
def test_wrong_query_parameters_are_named(name: str, text: str):
    assert list(wrong(Search, {name: text}, is_query=True)) == [name]


def test_a_body_shows_nothing_of_itself():
    assert repr(Inner("hidden")) == "Inner(...)"
