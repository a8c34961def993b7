"""What each change of a resource promises."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from chalicelib.domain.errors import LeaseHeld, ReleaseRequested, WrongStatus
from chalicelib.domain.resource_building import (
    advance,
    record_create_intent,
    record_phone_home,
    record_server,
    require_wanted,
    settle_create_intent,
)
from chalicelib.domain.resource_leases import drop_lease, require_lease, take_lease
from chalicelib.domain.resource_life import begin_reset, close, end_reset, extend, order_release
from chalicelib.domain.resources import CreateIntent, Lease, transition
from chalicelib.domain.statuses import LIVE_STATUSES, NEXT_STATUSES, ResourceStatus
from tests.unit.domain.builders import LEASE, NOW, resource

FAILED, TERMINATED = ResourceStatus.FAILED, ResourceStatus.TERMINATED
TERMINATING, UP = ResourceStatus.TERMINATING, ResourceStatus.UP
BY = {"at": NOW, "actor": "somebody"}
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("start", list(ResourceStatus))
@pytest.mark.parametrize("to", list(ResourceStatus))
def test_a_transition_is_possible_exactly_when_the_table_has_it(start, to):
    old = resource(status=start)
    if to in NEXT_STATUSES[start]:
        new = transition(old, to, what="moved", detail="why", **BY)
        assert new.status is to
        assert (new.events[-1].from_status, new.events[-1].detail) == (start, "why")
    else:
        with pytest.raises(WrongStatus, match=f"is {start} and cannot become {to}"):
            transition(old, to, what="moved", **BY)


def test_what_is_live_building_and_listed():
    by_status = {status: resource(status=status) for status in ResourceStatus}
    assert {s for s, r in by_status.items() if r.is_live} == LIVE_STATUSES
    assert {s for s, r in by_status.items() if not r.is_listed} == {TERMINATED}


class TestLease:
    """One runner per resource."""

    def test_each_taking_raises_the_counter_also_after_a_drop(self):
        first = take_lease(resource(), "a", NOW, LEASE)
        assert first.lease == Lease("a", NOW + LEASE, 1)
        second = take_lease(drop_lease(first, "a"), "b", NOW, LEASE)
        assert second.lease == Lease("b", NOW + LEASE, 2)

    def test_another_runner_waits_until_the_lease_has_ended(self):
        held = take_lease(resource(), "a", NOW, LEASE)
        with pytest.raises(LeaseHeld):
            take_lease(held, "b", NOW + LEASE - SECOND, LEASE)
        assert take_lease(held, "b", NOW + LEASE, LEASE).lease.owner == "b"

    def test_the_holder_may_take_it_again(self):
        held = take_lease(resource(), "a", NOW, LEASE)
        assert take_lease(held, "a", NOW + SECOND, LEASE).lease.until == NOW + SECOND + LEASE

    def test_only_the_holder_drops_it(self):
        held = take_lease(resource(), "a", NOW, LEASE)
        assert drop_lease(held, "b") is held
        assert drop_lease(held, "a").lease is None
        assert drop_lease(resource(), "a") == resource()

    def test_the_holder_has_it_until_it_ends(self):
        held = take_lease(resource(), "a", NOW, LEASE)
        require_lease(held, "a", NOW + LEASE - SECOND)
        for current, owner, now in (
            (held, "a", NOW + LEASE),
            (held, "b", NOW),
            (resource(), "a", NOW),
        ):
            with pytest.raises(LeaseHeld):
                require_lease(current, owner, now)


class TestCreateIntent:
    """Recorded before the call, settled when the outcome is known."""

    def record(self, current, now=NOW):
        return record_create_intent(current, "a", now, "hash", LEASE / 2)

    def test_it_counts_attempts_and_collects_hashes(self):
        held = take_lease(resource(), "a", NOW, LEASE)
        once = self.record(held)
        assert once.create_intent == CreateIntent(1, NOW)
        twice = self.record(settle_create_intent(once))
        assert twice.create_intent == CreateIntent(2, NOW)
        assert twice.phone_home_hashes == ("hash", "hash")

    def test_it_needs_a_lease_that_outlasts_the_call(self):
        held = take_lease(resource(), "a", NOW, LEASE)
        self.record(held, NOW + LEASE / 2 - SECOND)
        with pytest.raises(LeaseHeld):
            self.record(held, NOW + LEASE / 2)

    def test_it_is_refused_when_the_resource_is_to_go(self):
        held = take_lease(resource(), "a", NOW, LEASE)
        with pytest.raises(ReleaseRequested):
            self.record(order_release(held, **BY))

    def test_settling_nothing_changes_nothing(self):
        assert settle_create_intent(resource()) == resource()

    def test_a_server_settles_it_and_is_noted_once(self):
        sent = resource(create_intent=CreateIntent(1, NOW))
        found = record_server(sent, "server-1", **BY)
        assert found.create_intent.settled
        assert found.server_id == "server-1"
        assert record_server(found, "server-1", **BY) == found
        assert record_server(found, "server-2", **BY).events[-1].detail == "server-2"


class TestAdvance:
    """Building goes forward only."""

    def test_it_takes_every_step_that_the_table_needs(self):
        ready = advance(resource(), UP, **BY)
        assert [event.to_status.value for event in ready.events] == [
            "requested",
            "imaging",
            "booting",
            "initializing",
            "up",
        ]
        assert ready.status is UP

    def test_it_never_goes_back(self):
        up = resource(status=UP)
        assert advance(up, ResourceStatus.IMAGING, **BY) is up
        assert advance(up, UP, **BY) is up

    def test_it_leaves_other_lives_alone(self):
        resetting = resource(status=ResourceStatus.RESETTING)
        assert advance(resetting, UP, **BY) is resetting

    @pytest.mark.parametrize("gone", [FAILED, TERMINATED, TERMINATING])
    def test_it_stops_when_the_resource_is_to_go(self, gone):
        current = resource(status=gone)
        if gone is TERMINATING:
            current = order_release(resource(), **BY)
        with pytest.raises(ReleaseRequested):
            advance(current, UP, **BY)
        with pytest.raises(ReleaseRequested):
            require_wanted(current)


class TestPhoneHome:
    """A one-time token per create attempt."""

    def test_the_token_is_used_up(self):
        waiting = resource(phone_home_hashes=("h1", "h2"))
        home = record_phone_home(waiting, "h2", ("key",), NOW)
        assert (home.phoned_home_at, home.phone_home_hashes) == (NOW, ())
        assert home.ssh_host_key_fingerprints == ("key",)
        for token in ("h1", "h2"):
            with pytest.raises(WrongStatus):
                record_phone_home(home, token, (), NOW)

    def test_a_wrong_token_changes_nothing(self):
        with pytest.raises(WrongStatus):
            record_phone_home(resource(phone_home_hashes=("h1",)), "h2", (), NOW)

    def test_a_resource_to_go_no_longer_listens(self):
        going = order_release(resource(phone_home_hashes=("h1",)), **BY)
        assert going.phone_home_hashes == ()
        with pytest.raises(WrongStatus):
            record_phone_home(replace(going, phone_home_hashes=("h1",)), "h1", (), NOW)


class TestResetAndExtend:
    """Changes of a living resource."""

    def test_a_reset_is_counted_once_and_ends_up(self):
        resetting = begin_reset(resource(status=UP), **BY)
        assert (resetting.status, resetting.resets) == (ResourceStatus.RESETTING, 1)
        assert begin_reset(resetting, **BY) is resetting
        up = end_reset(resetting, **BY)
        assert up.status is UP
        assert end_reset(up, **BY) is up

    def test_only_an_up_resource_is_reset(self):
        with pytest.raises(WrongStatus):
            begin_reset(resource(), **BY)

    def test_an_extension_is_noted_and_repeatable(self):
        longer = extend(resource(), NOW + LEASE, **BY)
        assert longer.expires_at == NOW + LEASE
        assert longer.events[-1].detail.endswith("-> 2026-01-01T12:01:00+00:00")
        assert extend(longer, NOW + LEASE, **BY) is longer

    @pytest.mark.parametrize("ended", [FAILED, TERMINATED])
    def test_what_has_ended_is_not_extended(self, ended):
        with pytest.raises(WrongStatus, match="nothing to extend"):
            extend(resource(status=ended), NOW + LEASE, **BY)

    def test_what_is_to_go_is_not_extended(self):
        with pytest.raises(WrongStatus):
            extend(order_release(resource(), **BY), NOW + LEASE, **BY)


class TestRelease:
    """Delete outranks failure, for good."""

    def order(self, current, outcome, reason=None):
        return order_release(current, outcome=outcome, reason=reason, **BY)

    def test_a_failure_keeps_its_first_reason(self):
        failing = self.order(resource(), FAILED, "first")
        assert (failing.status, failing.failure_reason) == (TERMINATING, "first")
        assert self.order(failing, FAILED, "second") is failing
        closed = close(failing, **BY)
        assert (closed.status, closed.failure_reason) == (FAILED, "first")
        assert self.order(closed, FAILED, "third") is closed

    def test_a_failure_cannot_fail_again(self):
        failed = resource(status=FAILED)
        assert self.order(failed, FAILED, "again") is failed

    def test_a_delete_wins_over_a_failure_under_way(self):
        deleted = self.order(self.order(resource(), FAILED, "broke"), TERMINATED)
        assert deleted.failure_reason == "broke"
        assert self.order(deleted, FAILED, "later") is deleted
        assert close(deleted, **BY).status is TERMINATED

    def test_a_failed_resource_can_be_deleted(self):
        failed = close(self.order(resource(), FAILED, "broke"), **BY)
        gone = close(self.order(failed, TERMINATED), **BY)
        assert (gone.status, gone.failure_reason) == (TERMINATED, "broke")

    def test_the_first_delete_stays(self):
        deleted = self.order(resource(), TERMINATED)
        assert self.order(deleted, TERMINATED, "again") is deleted
        gone = close(deleted, **BY)
        assert self.order(gone, TERMINATED) is gone
        assert self.order(gone, FAILED) is gone

    def test_a_reason_for_a_delete_is_no_failure(self):
        expired = self.order(resource(), TERMINATED, "Its time was up.")
        assert expired.failure_reason is None
        assert expired.events[-1].detail == "Its time was up."

    def test_closing_drops_what_only_runners_need(self):
        held = take_lease(resource(create_intent=CreateIntent(1, NOW)), "a", NOW, LEASE)
        gone = close(self.order(held, TERMINATED), **BY)
        assert (gone.lease, gone.create_intent, gone.terminated_at) == (None, None, NOW)
        assert close(gone, **BY) is gone

    def test_closing_without_an_order_is_the_end_too(self):
        assert close(resource(status=TERMINATING), **BY).status is TERMINATED
