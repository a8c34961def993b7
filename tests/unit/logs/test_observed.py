"""Every step and schedule writes its line, and its unexpected errors keep their words."""

from __future__ import annotations

import logging

import pytest
from chalice.local import LambdaContext

from app import app
from chalicelib.domain.errors import LeaseHeld, SiteUnreachable
from chalicelib.logs.context import current_scope
from functions import catalog_sync, reconcile, telemetry
from functions.lifecycle import build, ends, links, remove, reset
from functions.observed import ObservedBlueprint, UnexpectedError

CONTEXT = LambdaContext("step", 256)
EVENT = {"task_id": "task-1", "resource_id": "r-1"}


def step_that(work):
    blueprint = ObservedBlueprint("functions.test")
    return blueprint.lambda_function(name="some_step")(work)


def raising(error):
    def work(_event, _context):
        raise error

    return step_that(work)


def test_a_steps_lines_carry_its_ids(caplog):
    caplog.set_level(logging.INFO)

    def work(_event, _context):
        return {**current_scope(), "state": "building"}

    seen = step_that(work)(EVENT, CONTEXT)
    assert (seen["function"], seen["task_id"], seen["resource_id"]) == (
        "some_step",
        "task-1",
        "r-1",
    )
    assert seen["invocation_id"] == CONTEXT.aws_request_id
    assert caplog.records[-1].event_fields["outcome"] == "building"
    assert "task_id" not in current_scope()


def test_an_unexpected_error_is_not_quoted_to_the_workflow(caplog):
    with pytest.raises(UnexpectedError) as raised:
        raising(RuntimeError("X-Auth-Token: hunter2"))(EVENT, CONTEXT)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__suppress_context__
    (values, dimensions) = caplog.records[-1].event_metrics
    assert [metric.name for metric in values] == ["StepFailures"]
    assert dimensions == {"Error": "Unexpected"}


def test_errors_of_the_contract_keep_their_class(caplog):
    caplog.set_level(logging.INFO)
    with pytest.raises(SiteUnreachable):
        raising(SiteUnreachable("The agent is away."))(EVENT, CONTEXT)
    assert caplog.records[-1].event_metrics[1] == {"Error": "SiteUnreachable"}
    with pytest.raises(LeaseHeld):
        raising(LeaseHeld())(EVENT, CONTEXT)
    assert caplog.records[-1].event_metrics is None, "a signal is no failure"


def test_every_function_is_observed():
    entries = [module.blueprint for module in (build, ends, links, remove, reset)]
    entries += [module.blueprint for module in (catalog_sync, reconcile, telemetry)]
    assert all(isinstance(blueprint, ObservedBlueprint) for blueprint in entries)
    observed = sum(len(blueprint._deferred_registrations) for blueprint in entries)
    assert observed == len(app.pure_lambda_functions) + len(app.event_sources)
