"""The local schedules: read from the app, run once per slot, by hand at any time."""

from __future__ import annotations

import threading

import pytest
from chalice import Chalice, Cron, Rate

from infra.local.lambda_functions import Functions
from infra.local.scheduler import Scheduler, schedules
from tests.fakes.stores import FakeClaimStore


@pytest.fixture
def app():
    app = Chalice("probe")
    app.runs = []

    @app.schedule(Rate(2, unit=Rate.MINUTES), name="tick")
    def tick(event):
        app.runs.append(event.source)
        return {"runs": len(app.runs)}

    return app


def scheduler_of(app, claims, seconds=120.0, now=lambda: 1_000_000.0):
    return Scheduler(Functions(app.handler_map), claims, {"tick": seconds}, now)


def test_rates_are_read_from_the_app(app):
    assert schedules(app) == {"tick": 120.0}


def test_cron_is_refused():
    app = Chalice("probe")
    app.schedule(Cron(0, 1, "*", "*", "?", "*"), name="nightly")(lambda _event: None)
    with pytest.raises(TypeError, match="nightly"):
        schedules(app)


def test_a_slot_is_run_by_one_of_two_schedulers(app):
    claims = FakeClaimStore()
    first, second = scheduler_of(app, claims), scheduler_of(app, claims)
    assert [first.run_slot("tick"), second.run_slot("tick"), first.run_slot("tick")] == [
        True,
        False,
        False,
    ]
    assert app.runs == ["aws.events"]
    later = scheduler_of(app, claims, now=lambda: 1_000_120.0)
    assert later.run_slot("tick")


def test_by_hand_it_runs_outside_of_slots(app):
    scheduler = scheduler_of(app, FakeClaimStore())
    assert [scheduler.run("tick"), scheduler.run("tick")] == [{"runs": 1}, {"runs": 2}]
    with pytest.raises(KeyError):
        scheduler.run("unknown")


def test_a_failing_run_does_not_end_the_schedule(caplog):
    again = threading.Event()
    calls = []

    def tick(_event, _context):
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("first run")
        again.set()

    scheduler = Scheduler(Functions({"tick": tick}), FakeClaimStore(), {"tick": 0.02})
    scheduler.start()
    try:
        assert again.wait(10)
    finally:
        scheduler.stop()
    assert "schedule tick failed" in caplog.text
