"""Failures that are not the caller's fault, or not our wording: still problems."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.api.problem import as_problem, problem_kinds
from chalicelib.config import load_settings
from chalicelib.domain.errors import Unavailable
from tests.fakes.api import (
    PUBLIC_URL,
    Api,
)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "HEAD"])
def test_another_method_is_a_405_that_says_which(api: Api, method: str) -> None:
    answer = api.call(method, "/flavors")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "POST", "OPTIONS"}
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json_body["code"] == "method-not-allowed"
    assert answer.headers["X-Request-Id"]


def test_an_unknown_path_as_gateways_say_it_becomes_a_problem() -> None:
    text = '{"message": "Missing Authentication Token"}'
    problem = json.loads(as_problem(404, text, base_url=PUBLIC_URL, instance="/nope"))
    assert (problem["status"], problem["code"]) == (404, "unknown-path")


def test_framework_errors_keep_no_internals() -> None:
    text = '{"Code": "InternalServerError", "Message": "secret"}'
    problem = as_problem(500, text, base_url=PUBLIC_URL, instance="/")
    assert "secret" not in problem
    too_large = json.loads(as_problem(413, "<html>", base_url=PUBLIC_URL, instance="/"))
    assert (too_large["status"], too_large["code"]) == (413, "gateway-refusal")


def test_our_mistakes_tell_the_log_and_not_the_client(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Any:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(bootstrap, "backend", broken)
    with caplog.at_level(logging.ERROR):
        answer = api.call("GET", "/flavors", headers={"X-Request-Id": "find-me"})
    assert answer.status_code == 500
    assert answer.json_body["code"] == "internal-error"
    assert b"secret" not in answer.body
    assert "find-me" in caplog.text
    assert "the secret inside" in caplog.text


def test_a_wrong_configuration_is_a_500_problem(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bootstrap, "settings", lambda: load_settings({}))
    answer = api.call("GET", "/flavors")
    assert (answer.status_code, answer.json_body["code"]) == (500, "internal-error")
    assert "PUBLIC_URL is missing" in caplog.text


def test_a_store_that_is_down_is_a_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: Any) -> Any:
        raise Unavailable("The database does not answer; try again.")

    monkeypatch.setattr(api.catalog, "list", down)
    monkeypatch.setattr(api.catalog, "state", down)
    answer = api.call("GET", "/flavors")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    health = api.call("GET", "/health", token=None)
    assert (health.status_code, health.json_body["status"]) == (503, "down")


def test_every_problem_type_resolves(api: Api) -> None:
    for slug in problem_kinds():
        answer = api.call("GET", f"/problems/{slug}", token=None)
        assert answer.json_body["type"] == f"{PUBLIC_URL}/problems/{slug}"
        assert answer.json_body["meaning"]
