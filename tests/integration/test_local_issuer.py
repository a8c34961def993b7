"""The local stack's token issuer, as people and scripts use it: over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import urllib3

from chalicelib.adapters.slices_auth.trust import TrustedIssuer
from chalicelib.adapters.slices_auth.verifier import SLICESTokenVerifier
from infra.local.issuer import Issuer
from infra.local.issuer.identities import experiment_id, project_id, user_id
from infra.local.issuer.keys import decode_segment

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def issuer():
    with Issuer() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def http():
    with urllib3.PoolManager(retries=False, timeout=5) as pool:
        yield pool


@pytest.fixture(scope="module")
def ask(issuer, http):
    def post(body, content_type="application/json", path="/token"):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": content_type}
        answer = http.request("POST", issuer.url + path, body=body, headers=headers)
        return answer.status, answer.json()

    return post


@pytest.mark.parametrize(
    ("request_", "identifier", "seconds"),
    [
        ({"kind": "user"}, user_id("admin"), 3600),
        ({"kind": "user", "user": "ada", "project": "optics"}, user_id("ada"), 3600),
        ({"kind": "project", "project": "optics"}, project_id("optics"), 3600),
        ({"kind": "experiment", "experiment": "bb84"}, experiment_id("bb84"), 900),
        ({"kind": "experiment", "lifetime_seconds": 5}, experiment_id("experiment"), 5),
    ],
    ids=str,
)
def test_a_token_is_had_by_name_and_verifies(issuer, ask, request_, identifier, seconds):
    status, answer = ask(request_)
    assert status == 200
    assert answer["id"] == identifier
    verifier = SLICESTokenVerifier(map(TrustedIssuer.from_mapping, issuer.trusted_issuers()))
    token = verifier.verify(answer["token"])
    assert token.subject == identifier
    assert token.issued_at is not None
    assert token.expires_at - token.issued_at == timedelta(seconds=seconds)
    assert token.expires_at == datetime.fromisoformat(answer["expires_at"]).astimezone(UTC)


def test_a_form_will_do(ask):
    status, answer = ask(b"kind=experiment&experiment=bb84&lifetime_seconds=60", FORM)
    assert (status, answer["id"]) == (200, experiment_id("bb84"))


def test_the_audience_can_be_chosen(ask):
    _, answer = ask({"kind": "user", "audience": "https://mrs.local"})
    assert decode_segment(answer["token"].split(".")[1])["aud"] == "https://mrs.local"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"", FORM),
        (b"[]", "application/json"),
        (b"\xff", FORM),
        (b"no form", FORM),
        ({}, "application/json"),
        ({"kind": "robot"}, "application/json"),
        ({"kind": ["user"]}, "application/json"),
        ({"kind": "user", "name": "ada"}, "application/json"),
        ({"kind": "user", "user": ""}, "application/json"),
        ({"kind": "user", "user": 1}, "application/json"),
        ({"kind": "user", "user": "a\nb"}, "application/json"),
        ({"kind": "user", "lifetime_seconds": 0}, "application/json"),
        ({"kind": "user", "lifetime_seconds": "soon"}, "application/json"),
        ({"kind": "user", "lifetime_seconds": 10**9}, "application/json"),
        (b" " * 20_000, "application/json"),
    ],
)
def test_a_senseless_request_is_told_what_to_send(ask, body, content_type):
    status, answer = ask(body, content_type)
    assert status == 400
    assert answer["error"] == "invalid_request"
    assert answer["error_description"]


def test_other_places_are_not_found(issuer, http, ask):
    assert ask({}, path="/login")[0] == 404
    assert http.request("GET", issuer.url + "/").status == 404


def test_published_keys_are_public(issuer, http):
    discovery = http.request("GET", f"{issuer.url}/.well-known/openid-configuration").json()
    keys = http.request("GET", discovery["jwks_uri"]).json()["keys"]
    assert [(key["kid"], key["alg"], key["use"]) for key in keys] == [
        ("ec1", "ES256", "sig"),
        ("rsa1", "RS256", "sig"),
    ]
    assert not any("d" in key for key in keys)


def test_tokens_have_the_shape_of_slices(issuer):
    header, payload, _ = issuer.user_token("ada").split(".")
    assert decode_segment(header) == {"alg": "ES256", "typ": "JWT", "kid": "ec1"}
    assert list(decode_segment(payload)) == [
        "iss", "aud", "iat", "exp", "auth_time", "sub", "scope", "preferred_username",
        "proj", "proj_name",
    ]  # fmt: skip
    _, payload, _ = issuer.experiment_token("bb84").split(".")
    assert list(decode_segment(payload)) == ["iss", "iat", "exp", "sub", "proj", "proj_name"]


def test_a_stopped_issuer_has_no_address_and_stops_twice():
    issuer = Issuer()
    issuer.stop()
    with pytest.raises(RuntimeError, match="not started"):
        _ = issuer.url


def test_it_runs_by_itself_until_it_is_told_to_end(http):
    command = [sys.executable, "-m", "infra.local.issuer", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            started = json.loads(process.stdout.readline())
            assert started["url"].startswith("http://127.0.0.1:")
            trust = [TrustedIssuer.from_mapping(item) for item in started["trusted_issuers"]]
            answer = http.request("POST", f"{started['url']}/token", body=b'{"kind": "user"}')
            assert SLICESTokenVerifier(trust).verify(answer.json()["token"])
        finally:
            os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=10) == 0
