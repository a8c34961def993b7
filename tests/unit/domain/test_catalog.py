"""How the catalog follows the cloud, and what fits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.catalog import CatalogChanges, compare, misfit, synced_id
from chalicelib.domain.ids import IdKind, is_id
from tests.fakes.world import CIRROS, SMALL, UBUNTU
from tests.unit.domain.builders import NOW

LATER = NOW + timedelta(days=1)
SYNCED = replace(SMALL, is_synced=True)


def by_id(*entries):
    return {entry.id: entry for entry in entries}


def test_a_new_entry_is_added():
    assert compare({}, [SYNCED]) == CatalogChanges((SYNCED,), (), ())


def test_an_unchanged_entry_is_not_written_though_it_is_seen_later():
    assert compare(by_id(SYNCED), [replace(SYNCED, created_at=LATER)]).to_write == ()


def test_a_changed_entry_keeps_the_time_of_its_first_sight():
    changes = compare(by_id(SYNCED), [replace(SYNCED, vcpus=8, created_at=LATER)])
    assert changes == CatalogChanges((), (replace(SYNCED, vcpus=8),), ())


def test_a_vanished_entry_is_hidden_once():
    hidden = replace(SYNCED, hidden=True)
    assert compare(by_id(SYNCED), []) == CatalogChanges((), (), (hidden,))
    assert compare(by_id(hidden), []).to_write == ()


def test_an_entry_that_comes_back_is_shown_again():
    assert compare(by_id(replace(SYNCED, hidden=True)), [SYNCED]).changed == (SYNCED,)


def test_an_entry_made_by_hand_is_left_alone():
    assert compare(by_id(replace(SMALL, is_synced=False)), []).to_write == ()


entries = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(
        lambda vcpus, hidden, synced: replace(
            SMALL, vcpus=vcpus, hidden=hidden, is_synced=synced
        ),
        st.integers(1, 3), st.booleans(), st.booleans(),
    ),
).map(lambda found: {key: replace(entry, id=key) for key, entry in found.items()})  # fmt: skip


@given(entries, st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 3)))
def test_a_second_comparison_finds_nothing(known, seen):
    offered = [replace(SYNCED, id=key, vcpus=vcpus) for key, vcpus in seen.items()]
    written = by_id(*compare(known, offered).to_write)
    assert compare({**known, **written}, offered).to_write == ()


def test_synced_ids_are_stable_and_tell_kinds_sites_and_locations_apart():
    made = synced_id(IdKind.FLAVOR, "site-a", "m1.small")
    assert made == synced_id(IdKind.FLAVOR, "site-a", "m1.small")
    assert is_id(made, IdKind.FLAVOR)
    others = {
        synced_id(IdKind.DISK_IMAGE, "site-a", "m1.small")[-26:],
        synced_id(IdKind.FLAVOR, "site-b", "m1.small")[-26:],
        synced_id(IdKind.FLAVOR, "site-a", "m1.large")[-26:],
    }
    assert len(others | {made[-26:]}) == 4


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, None),
        ({"ram_mib": UBUNTU.min_ram_mib, "disk_mb": UBUNTU.min_disk_mb}, None),
        ({"ram_mib": 511}, "needs 512 MiB of memory; flavor small has 511 MiB"),
        ({"disk_mb": 1999}, "needs 2000 MB of disk; flavor small has 1999 MB"),
    ],
)
def test_a_flavor_fits_when_it_has_what_the_disk_image_needs(changes, text):
    problem = misfit(UBUNTU, replace(SMALL, **changes))
    assert problem is text if text is None else text in problem


def test_the_tag_tells_which_images_phone_home():
    assert UBUNTU.has_cloud_init
    assert not CIRROS.has_cloud_init
