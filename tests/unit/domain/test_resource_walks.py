"""Random lives of a resource: no order of changes breaks the table or the history."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import LeaseHeld, ReleaseRequested, WrongStatus
from chalicelib.domain.resource_building import (
    advance,
    record_create_intent,
    record_phone_home,
    record_server,
    settle_create_intent,
)
from chalicelib.domain.resource_leases import drop_lease, take_lease
from chalicelib.domain.resource_life import begin_reset, close, end_reset, extend, order_release
from chalicelib.domain.resources import Resource, note, transition
from chalicelib.domain.statuses import NEXT_STATUSES, ResourceStatus
from tests.unit.domain.builders import LEASE, NOW, resource

ACTOR = "somebody"
owners = st.sampled_from(["a", "b"])
hashes = st.sampled_from(["h1", "h2"])

LADDER = (
    ResourceStatus.REQUESTED,
    ResourceStatus.IMAGING,
    ResourceStatus.BOOTING,
    ResourceStatus.INITIALIZING,
    ResourceStatus.UP,
)
ENDS = (ResourceStatus.FAILED, ResourceStatus.TERMINATED)

# Each change by name: what it is called with, and the call.
CHANGES = {
    "transition": (
        st.sampled_from(ResourceStatus),
        lambda old, to, now: transition(old, to, what="moved", at=now, actor=ACTOR),
    ),
    "advance": (
        st.sampled_from(LADDER),
        lambda old, to, now: advance(old, to, at=now, actor=ACTOR),
    ),
    "take": (owners, lambda old, owner, now: take_lease(old, owner, now, LEASE)),
    "drop": (owners, lambda old, owner, _: drop_lease(old, owner)),
    "intent": (
        owners,
        lambda old, owner, now: record_create_intent(old, owner, now, "h1", LEASE / 2),
    ),
    "settle": (st.none(), lambda old, _, __: settle_create_intent(old)),
    "server": (
        st.sampled_from(["s1", "s2"]),
        lambda old, server_id, now: record_server(old, server_id, at=now, actor=ACTOR),
    ),
    "phone home": (hashes, lambda old, token, now: record_phone_home(old, token, ("key",), now)),
    "begin reset": (st.none(), lambda old, _, now: begin_reset(old, at=now, actor=ACTOR)),
    "end reset": (st.none(), lambda old, _, now: end_reset(old, at=now, actor=ACTOR)),
    "extend": (
        st.integers(0, 3),
        lambda old, days, now: extend(old, NOW + timedelta(days=days), at=now, actor=ACTOR),
    ),
    "note": (st.none(), lambda old, _, now: note(old, at=now, actor=ACTOR, what="noted")),
    "release": (
        st.sampled_from(ENDS),
        lambda old, end, now: order_release(old, outcome=end, reason="why", at=now, actor=ACTOR),
    ),
    "close": (st.none(), lambda old, _, now: close(old, at=now, actor=ACTOR)),
}
# Advancing more often than the rest brings walks further than to the first refusal.
changes = st.sampled_from([*CHANGES, "advance", "advance"]).flatmap(
    lambda name: st.tuples(st.just(name), CHANGES[name][0])
)


def check_step(old: Resource, new: Resource) -> None:
    """Hold one change against the table and the history."""
    fresh = new.events[len(old.events) :] if len(old.events) < 100 else ()
    at = old.status
    for event in fresh:
        assert event.from_status is at
        assert event.to_status is at or event.to_status in NEXT_STATUSES[at]
        at = event.to_status
    if len(old.events) < 100:
        assert at is new.status, "every change of status is in the history"
    assert new.events[-1].to_status is new.status
    assert len(new.events) <= 100
    assert new.events[0].what == "requested"
    assert new.lease_counter >= old.lease_counter
    if old.status is ResourceStatus.TERMINATED:
        assert new.status is ResourceStatus.TERMINATED
    if old.release is not None and old.release.outcome is ResourceStatus.TERMINATED:
        assert new.release == old.release, "delete wins, for good"


@settings(max_examples=100)
@given(st.lists(st.tuples(changes, st.integers(0, 90)), max_size=40))
def test_no_walk_breaks_the_table_or_the_history(walk):
    current, now = resource(), NOW
    for (name, argument), seconds in walk:
        now += timedelta(seconds=seconds)
        try:
            following = CHANGES[name][1](current, argument, now)
        except (WrongStatus, LeaseHeld, ReleaseRequested):
            continue
        check_step(current, following)
        current = following


def test_a_very_long_history_keeps_its_beginning_and_its_newest_part():
    current = resource()
    for number in range(300):
        current = note(current, at=NOW, actor=ACTOR, what=f"event {number}")
    names = [event.what for event in current.events]
    assert len(names) == 100
    assert names[:20] == ["requested", *(f"event {n}" for n in range(19))]
    assert names[20:] == [f"event {n}" for n in range(220, 300)]
