"""The token authority goes away while the API runs: known keys serve on, unknown ones are a 503."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib import bootstrap
from infra.local.stack import LocalStack, StackOptions
from tests.integration.stack.client import Experiment


@pytest.fixture
def stack(tmp_path) -> Iterator[LocalStack]:
    with LocalStack(StackOptions(state=tmp_path / "state", run_schedules=False)) as stack:
        yield stack


def test_cached_keys_serve_on_and_a_cold_start_says_503(stack):
    experiment = Experiment(stack, "steady", "project")
    assert experiment.listed() == []

    stack.issuer.stop()
    assert experiment.listed() == []
    experiment.token = stack.issuer.experiment_token("steady", project="project")
    assert experiment.listed() == []
    experiment.token = stack.issuer.experiment_token("steady", exp=1, iat=0)
    assert experiment.call("GET", "/resources").body["code"] == "token-expired"

    bootstrap.token_verifier.cache_clear()  # as a new Lambda instance would begin
    for token in (stack.issuer.experiment_token("steady"), stack.issuer.user_token("ada")):
        experiment.token = token
        answer = experiment.call("GET", "/resources")
        assert (answer.status, answer.body["code"]) == (503, "authority-unavailable")
        assert "try again in a minute" in answer.body["detail"]
    experiment.token = "not-a-token"
    assert experiment.call("GET", "/resources").status == 401
