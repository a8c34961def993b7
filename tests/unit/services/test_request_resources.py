"""A request is accepted once, and answered the same for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from chalicelib.domain.errors import (
    AlreadyExists,
    BIError,
    Forbidden,
    InvalidRequest,
    QuotaExceeded,
    RequestIdReused,
)
from chalicelib.domain.permissions import Principal
from chalicelib.domain.quota import Amount
from chalicelib.domain.statuses import ResourceStatus, TaskStatus
from chalicelib.domain.tasks import finish
from chalicelib.domain.tokens import TokenKind
from chalicelib.services.acceptance import derive
from chalicelib.services.check_request import check_request
from chalicelib.services.request_resources import request_resources, would_accept
from tests.fakes.world import EXPERIMENT, MEMBER, OWNER, PROJECT, USER, World, want


def nothing_written(world: World) -> bool:
    return not (
        world.resources.by_id
        or world.tasks.by_id
        or world.claims.names
        or any(world.claims.bookings.values())
        or world.workflows.started
    )


class Died(BaseException):
    """The process ends here."""


def die(*_args, **_more):
    raise Died


def test_an_accepted_request_is_written_claimed_and_started(world):
    accepted = world.accept(want("a"), want("b"))
    task = world.task(accepted.task.id)
    assert set(world.resources.by_id) == set(task.resource_ids)
    assert world.claims.names == {
        (EXPERIMENT, "a"): task.resource_ids[0],
        (EXPERIMENT, "b"): task.resource_ids[1],
    }
    assert world.claims.quota_used(PROJECT) == Amount(2, 2, 2048)
    assert list(world.workflows.started.values()) == [("request", {"task_id": task.id})]
    assert (task.owner_id, task.project_id, task.experiment_id) == (USER, PROJECT, EXPERIMENT)
    assert task.watch_at == world.clock() + world.backend.settings.stall
    assert tuple(world.resources.by_id.values()) == accepted.resources


def test_every_repetition_gets_the_same_answer_whatever_happened_since(world):
    first = world.accept(want("a"), want("b"))
    assert world.accept(want("a"), want("b")) == first
    for identifier in first.task.resource_ids:
        world.change(identifier, status=ResourceStatus.UP, server_id="s")
    world.clock.advance(timedelta(days=1))
    world.tasks.change(first.task.id, lambda task: finish(task, world.clock()))
    assert world.accept(want("a"), want("b")) == first
    assert len(world.resources.by_id) == 2
    assert len(world.workflows.started) == 1


def test_the_answer_holds_no_secrets(world):
    assert "AAAA" not in repr(world.accept(want(user_data="#!/bin/sh\nAAAA")))


def test_a_repetition_is_answered_though_it_would_be_refused_now(world):
    first = world.accept()
    world.clock.advance(timedelta(days=30))
    assert world.accept() == first


def test_the_same_id_with_another_body_is_refused(world):
    accepted = world.accept()
    with pytest.raises(RequestIdReused, match=accepted.task.id):
        world.accept(content_hash="hash-2")


def test_the_same_id_in_another_experiment_is_another_request(world):
    other = Principal(TokenKind.EXPERIMENT, USER, PROJECT, "exp-2")
    assert world.accept().task.id != world.accept(principal=other).task.id


def test_an_experiment_without_project_is_its_own_account(world):
    alone = Principal(TokenKind.EXPERIMENT, None, None, EXPERIMENT)
    world.accept(principal=alone)
    assert world.resource().project_id == EXPERIMENT
    assert world.resource().events[0].actor == EXPERIMENT


@pytest.mark.parametrize(
    ("principal", "changes", "error"),
    [
        (OWNER, {}, Forbidden),
        (MEMBER, {"resources": (want(flavor_id="nope"),)}, InvalidRequest),
        (MEMBER, {"resources": (want("a"), want("a"))}, AlreadyExists),
    ],
)
def test_nothing_is_written_for_a_bad_request(world, principal, changes, error):
    with pytest.raises(error):
        world.accept(principal=principal, **changes)
    assert nothing_written(world)


def test_a_dry_run_says_the_same_and_writes_nothing(world):
    checked = would_accept(world.backend, MEMBER, world.request(want("a")))
    assert [r.spec.friendly_name for r in checked.resources] == ["a"]
    assert nothing_written(world)
    with pytest.raises(Forbidden):
        would_accept(world.backend, OWNER, world.request())


def test_a_workflow_that_cannot_be_started_parks_the_task(world):
    world.workflows.is_down = True
    task = world.task(world.accept().task.id)
    assert task.parked_since == world.clock()
    assert task.watch_at == world.clock() + world.backend.settings.park


class TestRaces:
    """Lost after the check: the refusal is recorded, and all claims are freed."""

    def lose_name(self, world):
        world.claims.name_holder = lambda *_: None
        world.claims.names[EXPERIMENT, "b"] = "r-other"
        return AlreadyExists, "resources[1].friendly_name"

    def lose_quota(self, world):
        world.claims.quota_used = lambda _: Amount()
        world.claims.bookings[PROJECT] = {"r-other": Amount(19, 0, 0)}
        return QuotaExceeded, "resources"

    @pytest.mark.parametrize("lose", [lose_name, lose_quota])
    def test_the_loser_is_refused_each_time_and_holds_nothing(self, world, lose):
        error, field = lose(self, world)
        before = (dict(world.claims.names), {k: dict(v) for k, v in world.claims.bookings.items()})
        answers = []
        for _ in range(3):
            with pytest.raises(error) as caught:
                world.accept(want("a"), want("b"))
            answers.append((caught.value.detail, caught.value.field_errors))
        assert len(set(answers)) == 1
        assert answers[0][1][0].field == field
        (task,) = world.tasks.by_id.values()
        assert (task.status, task.refusal.slug) == (TaskStatus.FAILED, error.slug)
        bookings = {k: v for k, v in world.claims.bookings.items() if v}
        assert (world.claims.names, bookings) == (before[0], before[1])
        assert not world.resources.by_id
        assert not world.workflows.started

    def test_a_twin_that_comes_after_the_check_wins(self, world):
        twin = {}
        real_add = world.tasks.add

        def add(task):
            world.tasks.add = real_add
            twin["answer"] = world.accept()
            return real_add(task)

        world.tasks.add = add
        assert world.accept() == twin["answer"]
        assert len(world.resources.by_id) == len(world.workflows.started) == 1

    def test_the_faster_twin_wins_and_both_get_its_answer(self, world):
        """Another process adds the same task between our look and our write."""
        twin = {}
        real_get = world.tasks.get

        def get(_identifier):
            world.tasks.get = real_get
            twin["answer"] = world.accept()

        world.tasks.get = get
        assert world.accept() == twin["answer"]
        assert len(world.resources.by_id) == 1


class TestDerive:
    """What follows from a task is made whole at any time, and only once."""

    POINTS = ("claims.hold_name", "claims.reserve_quota", "resources.add", "workflows.start")

    @pytest.mark.parametrize("point", POINTS)
    @pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
    @pytest.mark.parametrize("nth", [1, 2])
    def test_a_crash_at_any_point_is_repaired_by_a_repetition(self, point, after, nth):
        whole, world = World(), World()
        expected = whole.accept(want("a"), want("b"))
        store, method = point.split(".")
        target, calls = getattr(world, store), []
        real = getattr(target, method)

        def dying(*args):
            calls.append(args)
            if len(calls) < nth:
                return real(*args)
            if after:
                real(*args)
            raise Died

        setattr(target, method, dying)
        try:
            world.accept(want("a"), want("b"))
        except Died:
            assert len(calls) == nth
        setattr(target, method, real)
        assert world.accept(want("a"), want("b")) == expected
        derive(world.backend, world.task(expected.task.id))
        assert world.resources.by_id == whole.resources.by_id
        assert (world.claims.names, world.claims.bookings) == (
            whole.claims.names,
            whole.claims.bookings,
        )

    def test_a_crash_before_the_task_leaves_nothing(self, world):
        world.tasks.add = die
        with pytest.raises(Died):
            world.accept()
        assert nothing_written(world)

    def test_a_closed_task_is_left_alone(self, world):
        task = world.accept().task
        closed = world.tasks.change(task.id, lambda t: finish(t, world.clock()))
        world.claims.names.clear()
        assert derive(world.backend, closed) is closed
        assert not world.claims.names

    def test_what_a_deleted_resource_gave_back_is_not_claimed_again(self, world):
        """One of two is deleted while the task goes on, and its name is taken by another."""
        task = world.accept(want("a"), want("b")).task
        gone, living = task.resource_ids
        world.change(gone, status=ResourceStatus.TERMINATED)
        world.claims.free_name(EXPERIMENT, "a", gone)
        world.claims.free_quota(PROJECT, gone)
        world.accept(want("a"), request_id="request-2")
        names, used = dict(world.claims.names), world.claims.quota_used(PROJECT)
        derive(world.backend, world.task(task.id))
        assert (world.claims.names, world.claims.quota_used(PROJECT)) == (names, used)
        assert world.claims.name_holder(EXPERIMENT, "b") == living


def test_errors_of_the_check_are_told_by_the_same_names(world):
    """`request_resources` refuses with what `check_request` finds."""
    bad = replace(world.request(), resources=(want(disk_image_id="nope"),))
    for call in (
        lambda: check_request(world.backend, bad, PROJECT, EXPERIMENT),
        lambda: request_resources(world.backend, MEMBER, bad),
    ):
        with pytest.raises(BIError) as caught:
            call()
        assert caught.value.field_errors[0].field == "resources[0].disk_image_id"
