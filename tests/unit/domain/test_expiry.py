"""When resources end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.expiry import Grant, check_expires_at, grant_extension, latest_end
from tests.unit.domain.builders import NOW

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
MAX = 10 * DAY
CUT = "site_max_duration"


def test_the_latest_end_has_whole_seconds():
    assert latest_end(NOW + timedelta(microseconds=5), MAX) == NOW + MAX


@pytest.mark.parametrize("end", [NOW + timedelta(minutes=1), NOW + DAY, NOW + MAX])
def test_a_first_end_within_bounds_is_fine(end):
    check_expires_at(end, NOW, MAX)


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (NOW - DAY, "in the past"),
        (NOW + timedelta(seconds=59), "less than a minute ahead"),
        (NOW + MAX + SECOND, "at most 2026-01-11T12:00:00Z"),
    ],
)
def test_a_first_end_out_of_bounds_is_refused_with_the_field(end, text):
    with pytest.raises(InvalidRequest, match=text) as caught:
        check_expires_at(end, NOW, MAX)
    assert [error.field for error in caught.value.field_errors] == ["expires_at"]


@pytest.mark.parametrize(
    ("current", "wanted", "grant"),
    [
        (NOW + DAY, NOW + 2 * DAY, Grant(NOW + 2 * DAY, None)),
        (NOW + DAY, NOW + DAY, Grant(NOW + DAY, None)),
        (NOW + DAY, NOW + MAX, Grant(NOW + MAX, None)),
        (NOW + DAY, NOW + MAX + SECOND, Grant(NOW + MAX, CUT)),
        (NOW + DAY, None, Grant(NOW + MAX, CUT)),
        (NOW + 2 * MAX, None, Grant(NOW + 2 * MAX, CUT)),
        (NOW + 2 * MAX, NOW + 3 * MAX, Grant(NOW + 2 * MAX, CUT)),
    ],
    ids=["later", "same", "at the bound", "beyond it", "as late as possible",
         "beyond it already", "beyond it already, and more"],
)  # fmt: skip
def test_extensions_are_granted_up_to_the_bound_and_never_shorten(current, wanted, grant):
    assert grant_extension(current, wanted, NOW, MAX) == grant


def test_an_extension_to_an_earlier_end_is_refused():
    with pytest.raises(InvalidRequest, match="delete to end earlier"):
        grant_extension(NOW + DAY, NOW + DAY - SECOND, NOW, MAX)
