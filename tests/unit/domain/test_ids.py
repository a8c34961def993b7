"""Identifiers are SLICES identifiers."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import (
    IdKind,
    decode_suffix,
    derived_uuid,
    encode_suffix,
    is_id,
    make_id,
    suffix_of,
    uuid7,
)

# Suffixes that SLICES itself made, with the UUIDs that they stand for.
GOLDEN = {
    "01kz1p6m81e2t9pdqdw3bpvmqb": "019fc363-5101-70b4-9b36-ede0d76dd2eb",
    "01kz1p6j9ker1bd1jr5epb5m41": "019fc363-4933-7602-b686-582bacb2d081",
    "0ma4rks06s9kxahxrgjhg6y41b": "1451313c-80d9-4cfa-a8f7-1094606f102b",
}
GOLDEN_TIMES = {
    "01kz1p6m81e2t9pdqdw3bpvmqb": datetime(2026, 8, 2, 16, 51, 33, 761000, tzinfo=UTC),
    "01kz1p6j9ker1bd1jr5epb5m41": datetime(2026, 8, 2, 16, 51, 31, 763000, tzinfo=UTC),
}
SUFFIX = "01kz1p6m81e2t9pdqdw3bpvmqb"


@pytest.mark.parametrize(("suffix", "value"), GOLDEN.items())
def test_golden_suffixes_decode_and_encode(suffix, value):
    assert decode_suffix(suffix) == uuid.UUID(value)
    assert encode_suffix(uuid.UUID(value)) == suffix


@pytest.mark.parametrize(("suffix", "moment"), GOLDEN_TIMES.items())
def test_uuid7_of_the_golden_moment_and_bits_is_the_golden_uuid(suffix, moment):
    golden = decode_suffix(suffix)
    bits = (golden.int >> 64 & 0xFFF) << 62 | golden.int & ((1 << 62) - 1)
    assert uuid7(moment, bits) == golden


@given(st.uuids())
def test_every_uuid_survives_the_suffix(value):
    suffix = encode_suffix(value)
    assert decode_suffix(suffix) == value
    assert is_id(f"r_tld-city-bp1_{suffix}", IdKind.RESOURCE)


@given(
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001 (hypothesis adds the zone)
    st.integers(0, 2**80),
)
def test_uuid7_has_version_variant_and_its_moment(moment, bits):
    moment = moment.replace(tzinfo=UTC)
    value = uuid7(moment, bits)
    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert value.int >> 80 == int(moment.timestamp() * 1000)


def test_identifiers_sort_by_time():
    earlier = uuid7(datetime(2026, 1, 1, tzinfo=UTC), 2**74 - 1)
    later = uuid7(datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=UTC), 0)
    assert encode_suffix(earlier) < encode_suffix(later)


@pytest.mark.parametrize(
    "suffix",
    ["", SUFFIX[:-1], SUFFIX + "0", "8" + "0" * 25, SUFFIX.upper(), "i" + SUFFIX[1:]],
    ids=["empty", "short", "long", "over 128 bits", "upper case", "letter i"],
)
def test_what_is_no_suffix_is_refused(suffix):
    with pytest.raises(ValueError, match=r"26 characters|int|substring"):
        decode_suffix(suffix)


@pytest.mark.parametrize("kind", list(IdKind))
def test_a_made_identifier_is_one_of_its_kind_and_of_no_other(kind):
    made = make_id(kind, "tld-city-bp1", decode_suffix(SUFFIX))
    assert made == f"{kind.value}_tld-city-bp1_{SUFFIX}"
    assert suffix_of(made) == SUFFIX
    assert [other for other in IdKind if is_id(made, other)] == [kind]


@pytest.mark.parametrize(
    "text",
    ["", "r", f"r__{SUFFIX}", f"r_a_{SUFFIX[:-1]}", f"r_A_{SUFFIX}", f"r_a_8{SUFFIX[1:]}",
     f"r_a_{SUFFIX}\n", f" r_a_{SUFFIX}", f"r_{'a' * 64}_{SUFFIX}", f"r_a/b_{SUFFIX}"],
)  # fmt: skip
def test_malformed_identifiers_are_none(text):
    assert not is_id(text, IdKind.RESOURCE)


@given(st.lists(st.text()), st.lists(st.text()))
def test_derived_uuids_are_stable_and_distinct(some, others):
    value = derived_uuid(*some)
    assert value == derived_uuid(*some)
    assert (value.version, value.variant) == (8, uuid.RFC_4122)
    assert (value == derived_uuid(*others)) == (some == others)


def test_a_derived_uuid_never_changes():
    """Repeated requests find their task by it, over releases of this software too."""
    assert str(derived_uuid("request", "exp", "id")) == "6fa9a508-035f-8ac8-8a52-7f99231dfec9"
    assert derived_uuid("ab", "c") != derived_uuid("a", "bc")
