"""What each change of a task promises."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.errors import WrongStatus
from chalicelib.domain.statuses import TASK_NEXT_STATUSES, TaskStatus
from chalicelib.domain.tasks import (
    Refusal,
    StepStatus,
    Task,
    TaskAction,
    begin_execution,
    close_refused,
    decide,
    fail,
    finish,
    mark_running,
    park,
    plan,
    set_step,
    transition,
)
from tests.unit.domain.builders import NOW, task

STALL = timedelta(minutes=5)
RETRY = timedelta(seconds=30)
REFUSAL = Refusal("already-exists", "The name is taken.", "resources[0].friendly_name")
LATER = NOW + timedelta(minutes=4)


def running(**changes) -> Task:
    return replace(mark_running(task(), NOW, STALL), **changes)


def step(current: Task, name: str):
    (found,) = [one for one in current.steps if one.name == f"vm: {name}"]
    return found


def test_a_plan_has_the_actions_steps_for_each_resource():
    steps = plan(TaskAction.RESET, (("r-1", "a"), ("r-2", "b")))
    assert [(s.name, s.resource_id) for s in steps] == [
        ("a: reboot", "r-1"),
        ("a: ready", "r-1"),
        ("b: reboot", "r-2"),
        ("b: ready", "r-2"),
    ]


@pytest.mark.parametrize("start", list(TaskStatus))
@pytest.mark.parametrize("to", list(TaskStatus))
def test_a_transition_is_possible_exactly_when_the_table_has_it(start, to):
    if to in TASK_NEXT_STATUSES[start]:
        assert transition(task(status=start), to, LATER).status is to
    else:
        with pytest.raises(WrongStatus):
            transition(task(status=start), to, LATER)


def test_an_execution_is_counted_watched_and_no_longer_parked():
    begun = begin_execution(task(parked_since=NOW), LATER, STALL)
    assert (begun.executions, begun.watch_at, begun.parked_since) == (2, LATER + STALL, None)


class TestMarkRunning:
    def test_the_first_sign_of_life_makes_it_running(self):
        assert running().status is TaskStatus.RUNNING

    def test_it_is_written_again_only_when_half_the_stall_time_is_gone(self):
        alive = running()
        assert mark_running(alive, NOW + STALL / 2 - RETRY, STALL) is alive
        assert mark_running(alive, NOW + STALL / 2, STALL).watch_at == NOW + STALL * 1.5

    def test_a_parked_or_closed_task_stays(self):
        parked = park(running(), NOW, "Cloud away.", RETRY)
        assert mark_running(parked, LATER, STALL) is parked
        closed = finish(running(), NOW)
        assert mark_running(closed, LATER, STALL) is closed

    def test_a_task_that_nobody_watches_is_watched_again(self):
        assert mark_running(running(watch_at=None), NOW, STALL).watch_at == NOW + STALL


class TestSteps:
    def test_a_step_has_its_times_and_its_detail(self):
        begun = set_step(task(), "r-1", "boot", StepStatus.RUNNING, NOW, "slow")
        done = set_step(begun, "r-1", "boot", StepStatus.FINISHED, LATER)
        assert step(begun, "boot").detail == "slow"
        assert (step(done, "boot").started_at, step(done, "boot").finished_at) == (NOW, LATER)

    def test_nothing_changes_for_others_or_when_repeated(self):
        begun = set_step(task(), "r-1", "boot", StepStatus.RUNNING, NOW)
        assert set_step(begun, "r-1", "boot", StepStatus.RUNNING, LATER) is begun
        assert set_step(begun, "r-2", "boot", StepStatus.FAILED, LATER) is begun
        assert set_step(begun, "r-1", "no such step", StepStatus.FAILED, LATER) is begun

    def test_a_finished_step_stays_finished(self):
        done = set_step(task(), "r-1", "boot", StepStatus.FINISHED, NOW)
        assert set_step(done, "r-1", "boot", StepStatus.RUNNING, LATER) is done

    def test_a_failed_step_may_run_again(self):
        broken = set_step(task(), "r-1", "boot", StepStatus.FAILED, NOW)
        again = step(set_step(broken, "r-1", "boot", StepStatus.RUNNING, LATER), "boot")
        assert (again.status, again.started_at, again.finished_at) == ("running", NOW, None)

    def test_a_closed_task_keeps_its_steps(self):
        closed = finish(task(), NOW)
        assert set_step(closed, "r-1", "boot", StepStatus.RUNNING, LATER) is closed

    @pytest.mark.parametrize(
        ("finished", "percent"),
        [((), 0), (("network",), 25), (("network", "server", "boot", "ready"), 99)],
    )
    def test_progress_is_complete_only_when_the_task_is(self, finished, percent):
        current = task()
        for name in finished:
            current = set_step(current, "r-1", name, StepStatus.FINISHED, NOW)
        assert current.completed == percent
        assert finish(current, NOW).completed == 100

    def test_a_task_without_steps_has_not_begun(self):
        assert task(steps=()).completed == 0


class TestPark:
    def test_the_running_step_says_since_when_and_why(self):
        current = set_step(running(), "r-1", "server", StepStatus.RUNNING, NOW)
        parked = park(park(current, NOW, "Away.", RETRY), LATER, "Still away.", RETRY)
        assert step(parked, "server").detail == (
            "Waiting since 2026-01-01T12:00:00Z: Still away. It resumes by itself."
        )
        assert (parked.parked_since, parked.watch_at) == (NOW, LATER + RETRY)
        assert (current.next_try_at, parked.next_try_at) == (None, LATER + RETRY)

    def test_a_step_that_is_tried_again_has_waited_all_the_time(self):
        current = set_step(running(), "r-1", "server", StepStatus.RUNNING, NOW)
        parked = park(current, NOW, "Away.", RETRY)
        again = begin_execution(parked, LATER, STALL)
        again = set_step(again, "r-1", "server", StepStatus.RUNNING, LATER)
        assert {again.parked_since, again.waiting_reason, step(again, "server").detail} == {None}
        waits = park(again, LATER, "Still away.", RETRY)
        assert (waits.parked_since, waits.waiting_reason) == (NOW, "Still away.")
        assert "since 2026-01-01T12:00:00Z: Still away." in step(waits, "server").detail

    def test_another_step_begins_to_wait_anew(self):
        current = set_step(running(), "r-1", "server", StepStatus.RUNNING, NOW)
        again = begin_execution(park(current, NOW, "Away.", RETRY), LATER, STALL)
        again = set_step(again, "r-1", "server", StepStatus.FINISHED, LATER)
        waits = park(again, LATER, "Away again.", RETRY)
        assert waits.parked_since == LATER
        assert step(again, "server").waiting_since is None

    def test_without_a_running_step_the_next_one_says_it(self):
        assert "Away." in step(park(task(), NOW, "Away.", RETRY), "network").detail

    def test_a_closed_task_is_not_parked(self):
        closed = fail(task(), NOW, "broke")
        assert park(closed, LATER, "Away.", RETRY) is closed


class TestClosing:
    def test_a_refused_task_closes_with_its_reason(self):
        refused = close_refused(decide(task(), REFUSAL), NOW)
        assert (refused.status, refused.refusal) == (TaskStatus.FAILED, REFUSAL)
        assert refused.failure_reason == "The name is taken."

    def test_a_refused_task_stays_open_until_it_holds_nothing(self):
        assert not decide(task(), REFUSAL).is_closed

    def test_the_first_decision_stands(self):
        accepted, refused = decide(task(), None), decide(task(), REFUSAL)
        assert decide(accepted, REFUSAL) is accepted
        assert decide(refused, None) is refused

    def test_an_accepted_task_is_not_closed_as_refused(self):
        accepted = decide(task(), None)
        assert close_refused(accepted, NOW) is accepted

    def test_a_failure_marks_the_running_steps(self):
        current = set_step(running(), "r-1", "network", StepStatus.FINISHED, NOW)
        current = set_step(current, "r-1", "server", StepStatus.RUNNING, NOW)
        failed = fail(current, LATER, "broke")
        assert [s.status.value for s in failed.steps] == [
            "finished",
            "failed",
            "pending",
            "pending",
        ]
        assert (step(failed, "server").detail, failed.failure_reason) == ("broke", "broke")

    @pytest.mark.parametrize("start", [task(), running(), park(running(), NOW, "Away.", RETRY)])
    @pytest.mark.parametrize("how", [finish, lambda t, now: fail(t, now, "broke")])
    def test_a_closed_task_keeps_no_secret_and_is_not_watched(self, start, how):
        closed = how(start, LATER)
        assert closed.is_closed
        assert closed.finished_at == LATER
        left = {closed.secret_input, closed.watch_at, closed.parked_since, closed.waiting_reason}
        assert left == {None}

    @given(st.lists(st.integers(0, 6), max_size=12))
    def test_the_first_end_stays_whatever_comes_later(self, walk):
        moves = (
            lambda t: finish(t, LATER),
            lambda t: fail(t, LATER, "broke"),
            lambda t: close_refused(decide(t, REFUSAL), LATER),
            lambda t: park(t, LATER, "Away.", RETRY),
            lambda t: mark_running(t, LATER, STALL),
            lambda t: set_step(t, "r-1", "boot", StepStatus.RUNNING, LATER),
            lambda t: set_step(t, "r-1", "boot", StepStatus.FAILED, LATER),
        )
        current = task()
        for number in walk:
            following = moves[number](current)
            same = following.status is current.status
            assert same or following.status in TASK_NEXT_STATUSES[current.status]
            assert not current.is_closed or following is current
            assert following.is_closed == (following.watch_at is None)
            current = following
