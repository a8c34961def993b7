"""Signing in at the local issuer, as the web page does it: code and PKCE."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import urllib3

from infra.local.issuer import Issuer
from infra.local.issuer.keys import decode_segment

CLIENT = "http://127.0.0.1:8123"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
REQUEST = {
    "response_type": "code",
    "client_id": CLIENT,
    "redirect_uri": f"{CLIENT}/ui",
    "scope": "openid",
    "state": 's"><script>',
    "nonce": "n",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture(scope="module")
def issuer():
    with Issuer(audience=CLIENT) as issuer:
        yield issuer


@pytest.fixture(scope="module")
def http():
    with urllib3.PoolManager(retries=False, timeout=5) as pool:
        yield pool


@pytest.fixture
def code(issuer, http) -> str:
    answer = post(http, f"{issuer.url}/authorize", {**REQUEST, "user": "ada", "project": "demo"})
    assert answer.status == 303
    goal = urlsplit(answer.headers["Location"])
    assert f"{goal.scheme}://{goal.netloc}{goal.path}" == REQUEST["redirect_uri"]
    query = parse_qs(goal.query)
    assert query["state"] == [REQUEST["state"]]
    return query["code"][0]


def post(http, url, fields):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return http.request("POST", url, body=urlencode(fields), headers=headers, redirect=False)


def exchange(http, issuer, code, **changes):
    fields = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "redirect_uri": REQUEST["redirect_uri"],
        "code": code,
        "code_verifier": VERIFIER,
    }
    return post(http, f"{issuer.url}/oidc/token", {**fields, **changes})


def test_a_code_becomes_an_id_token_for_the_client(http, issuer, code):
    answer = exchange(http, issuer, code)
    claims = decode_segment(answer.json()["id_token"].split(".")[1])
    assert (claims["aud"], claims["nonce"], claims["preferred_username"]) == (CLIENT, "n", "ada")
    assert answer.headers["Access-Control-Allow-Origin"] == CLIENT


def test_a_code_works_once(http, issuer, code):
    assert exchange(http, issuer, code).status == 200
    assert exchange(http, issuer, code).status == 400


@pytest.mark.parametrize(
    "changes",
    [{"code_verifier": "w" * 43}, {"redirect_uri": f"{CLIENT}/other"}, {"client_id": "x"}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_code_is_of_no_use_to_others(http, issuer, code, changes):
    assert exchange(http, issuer, code, **changes).status == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://elsewhere.example/ui"},
        {"redirect_uri": f"{CLIENT}.elsewhere.example/ui"},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
    ],
)
def test_other_requests_are_refused(http, issuer, changes):
    query = urlencode({**REQUEST, **changes})
    assert http.request("GET", f"{issuer.url}/authorize?{query}").status == 400


def test_the_form_carries_the_request_as_text(http, issuer):
    page = http.request("GET", f"{issuer.url}/authorize?{urlencode(REQUEST)}")
    assert page.status == 200
    assert "<script>" not in page.data.decode()
