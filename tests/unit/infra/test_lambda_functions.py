"""Functions as their callers see them on Lambda."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from chalicelib.domain.errors import LeaseHeld
from infra.local.aws import local_aws
from infra.local.lambda_functions import Functions, read_timeouts

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:step"


def functions_of(handler, **timeouts):
    return Functions({"step": handler}, timeouts)


def test_the_last_part_of_the_arn_names_the_function():
    functions = functions_of(lambda event, _context: {"got": event["x"]})
    assert functions.answer(ARN, '{"x": 1}') == (b'{"got": 1}', False)


def test_events_and_results_go_through_json():
    seen = []
    functions = functions_of(lambda event, _context: seen.append(event) or {"t": (1, 2)})
    event = {"list": [1]}
    assert functions.call("step", event) == {"t": [1, 2]}
    assert seen == [event]
    assert seen[0] is not event


def test_a_result_that_is_not_json_fails_as_on_aws():
    functions = functions_of(lambda _event, _context: {"at": datetime.now(UTC)})
    answer, is_error = functions.answer(ARN, "{}")
    assert is_error
    assert json.loads(answer)["errorType"] == "TypeError"


def test_an_exception_becomes_its_name_and_text():
    def handler(_event, _context):
        raise LeaseHeld("busy")

    answer, is_error = functions_of(handler).answer(ARN, "{}")
    described = json.loads(answer)
    assert is_error
    assert (described["errorType"], described["errorMessage"]) == ("LeaseHeld", "busy")
    assert described["stackTrace"]


def test_the_context_knows_the_configured_timeout(tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"lambda_functions": {"step": {"lambda_timeout": 90}}}))
    left = []
    functions = functions_of(
        lambda _event, context: left.append(context.get_remaining_time_in_millis()),
        **read_timeouts(config),
    )
    functions.call("step", {})
    assert 60_000 < left[0] <= 90_000


def test_without_a_configuration_no_timeout_is_known(tmp_path):
    assert read_timeouts(tmp_path / "none.json") == {}


def test_interceptors_stand_around_the_call_first_one_outermost():
    order = []

    def around(name):
        def interceptor(call, proceed):
            order.append(f"{name} before {call.name}")
            result = proceed()
            order.append(f"{name} after")
            return {**result, name: True}

        return interceptor

    functions = functions_of(lambda _event, _context: {})
    functions.interceptors += [around("a"), around("b")]
    assert functions.call("step", {}) == {"a": True, "b": True}
    assert order == ["a before step", "b before step", "b after", "a after"]


def test_the_mock_refuses_to_start_inside_lambda(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "api")
    with pytest.raises(RuntimeError, match="inside Lambda"), local_aws():
        pass
