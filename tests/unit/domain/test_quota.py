"""Quota arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.quota import Amount, shortage, total

amounts = st.builds(Amount, *[st.integers(0, 10_000)] * 3)
LIMIT = Amount(10, 20, 4096)


@given(amounts, amounts)
def test_adding_and_taking_away_are_inverse(one, other):
    assert one + other - other == one
    assert one + other == other + one


@given(st.lists(amounts))
def test_the_total_is_the_sum_of_each_kind(parts):
    assert total(parts) == Amount(
        sum(p.instances for p in parts), sum(p.vcpus for p in parts), sum(p.ram_mib for p in parts)
    )


@given(amounts, amounts, amounts)
def test_nothing_is_short_exactly_when_all_fits(limit, used, wanted):
    after = used + wanted
    fits = (
        after.instances <= limit.instances
        and after.vcpus <= limit.vcpus
        and after.ram_mib <= limit.ram_mib
    )
    assert (shortage(limit, used, wanted) is None) == fits


@pytest.mark.parametrize(
    ("used", "wanted", "text"),
    [
        (Amount(9, 0, 0), Amount(2, 0, 0), "leaves 1 of instances, and this request needs 2."),
        (Amount(0, 20, 0), Amount(1, 1, 0), "leaves 0 of vcpus, and this request needs 1."),
        (Amount(0, 0, 4000), Amount(1, 1, 97), "leaves 96 MiB of ram_mib, and this request needs"),
        (Amount(12, 0, 0), Amount(1, 0, 0), "leaves 0 of instances"),
    ],
    ids=["instances", "vcpus", "ram", "over the limit already"],
)
def test_a_shortage_says_what_is_left_and_what_is_needed(used, wanted, text):
    assert text in shortage(LIMIT, used, wanted)
