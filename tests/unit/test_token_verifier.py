"""Good tokens of every kind, and what a refused one is told; no sockets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.slices_auth.trust import TrustedIssuer
from chalicelib.adapters.slices_auth.verifier import SLICESTokenVerifier
from chalicelib.domain.errors import TokenExpired, TokenInvalid, TokenNotYetValid
from chalicelib.domain.tokens import TokenKind
from infra.local.issuer import Issuer
from infra.local.issuer.identities import experiment_id, project_id, user_id
from infra.local.issuer.issuer import ACCOUNT_ISSUER, EXPERIMENT_ISSUER

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AUDIENCE = "https://bi.local"
TRUST = (
    TrustedIssuer(TokenKind.USER, (ACCOUNT_ISSUER,), (AUDIENCE,), jwks_url="https://x.local/jwks"),
    TrustedIssuer(
        TokenKind.PROJECT, (ACCOUNT_ISSUER,), (AUDIENCE,), jwks_url="https://x.local/jwks"
    ),
    TrustedIssuer(
        TokenKind.EXPERIMENT, (EXPERIMENT_ISSUER,), jwks_url="https://x.local/expauth/jwks"
    ),
)


@pytest.fixture(scope="module")
def issuer():
    return Issuer(now=NOW.timestamp)


def verifier_at(issuer, now=NOW, trust=TRUST):
    def fetch(url):
        return json.dumps(issuer.document(url.removeprefix("https://x.local"))).encode()

    return SLICESTokenVerifier(trust, fetch=fetch, now=lambda: now)


@pytest.fixture
def verifier(issuer):
    return verifier_at(issuer)


def test_a_user_token_speaks_for_the_user(issuer, verifier):
    token = verifier.verify(issuer.user_token("ada", project="optics"))
    assert token.kind is TokenKind.USER
    assert token.subject == token.user_id == user_id("ada")
    assert token.preferred_username == "ada"
    assert (token.project_id, token.project_name) == (project_id("optics"), "optics")
    assert token.experiment_id is None
    assert token.issuer == ACCOUNT_ISSUER
    assert token.issued_at == NOW
    assert token.expires_at == NOW + timedelta(hours=1)
    assert token.expires_at.tzinfo is UTC


def test_an_experiment_token_speaks_for_the_experiment(issuer, verifier):
    token = verifier.verify(issuer.experiment_token("bb84", project="optics"))
    assert token.kind is TokenKind.EXPERIMENT
    assert token.subject == token.experiment_id == experiment_id("bb84")
    assert token.project_id == project_id("optics")
    assert token.user_id is None
    assert token.expires_at == NOW + timedelta(minutes=15)


@pytest.mark.parametrize("claims", [{}, {"proj": None, "proj_name": None}])
def test_a_project_token_speaks_for_the_project(issuer, verifier, claims):
    token = verifier.verify(issuer.project_token("optics", **claims))
    assert token.kind is TokenKind.PROJECT
    assert token.subject == token.project_id == project_id("optics")
    assert token.user_id is None
    assert token.experiment_id is None


def test_both_proofs_of_one_request_are_accepted(issuer, verifier):
    experiment = verifier.verify(issuer.experiment_token("bb84", project="optics"))
    user = verifier.verify_user(issuer.user_token("ada", project="optics"))
    assert experiment.project_id == user.project_id


@pytest.mark.parametrize(("kind", "word"), [("experiment", "an experiment"), ("project", "a proj")])
def test_the_second_proof_must_be_a_users(issuer, verifier, kind, word):
    token = getattr(issuer, f"{kind}_token")()
    with pytest.raises(TokenInvalid, match=word):
        verifier.verify_user(token)


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
@pytest.mark.parametrize("kid", ["own", None])
def test_both_algorithms_are_accepted_with_and_without_key_id(issuer, verifier, alg, kid):
    claims = {
        "iss": ACCOUNT_ISSUER,
        "aud": AUDIENCE,
        "sub": user_id("ada"),
        "exp": NOW.timestamp() + 60,
    }
    headers = {} if kid else {"kid": None}
    assert verifier.verify(issuer.sign(claims, headers, alg=alg)).user_id == user_id("ada")


def test_an_algorithm_can_be_switched_off(issuer):
    trust = TrustedIssuer(
        TokenKind.EXPERIMENT,
        (EXPERIMENT_ISSUER,),
        jwks_url="https://x.local/expauth/jwks",
        algorithms=("RS256",),
    )
    with pytest.raises(TokenInvalid, match="RS256"):
        verifier_at(issuer, trust=[trust]).verify(issuer.experiment_token())


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [AUDIENCE]},
        {"aud": ["https://other.example", AUDIENCE]},
        {"iat": None},
        {"exp": NOW.timestamp() + 0.5},
        {"nbf": 0},
        {"nbf": NOW.timestamp() + 29},
        {"iat": NOW.timestamp() + 29},
        {"exp": NOW.timestamp() - 29, "iat": None},
        {"preferred_username": None, "proj": None, "proj_name": None},
        {"proj_name": "Qubits & Zürich"},
        {"scope": None, "auth_time": None, "something_new": {"a": [1, None]}},
    ],
    ids=str,
)
def test_what_the_standard_allows_is_accepted(issuer, verifier, claims):
    assert verifier.verify(issuer.user_token("ada", **claims)).user_id == user_id("ada")


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_types_of_tokens_are_compared_without_case(issuer, verifier, typ):
    token = issuer.sign(
        {"iss": ACCOUNT_ISSUER, "aud": AUDIENCE, "sub": user_id("ada"), "exp": 1_800_000_000},
        {"typ": typ},
    )
    assert verifier.verify(token)


def test_an_experiment_token_may_name_any_audience(issuer, verifier):
    assert verifier.verify(issuer.experiment_token(aud="https://expauth.local"))


def test_an_experiments_audience_is_checked_if_configured(issuer):
    trust = TrustedIssuer(
        TokenKind.EXPERIMENT,
        (EXPERIMENT_ISSUER,),
        (AUDIENCE,),
        jwks_url="https://x.local/expauth/jwks",
    )
    verifier = verifier_at(issuer, trust=[trust])
    assert verifier.verify(issuer.experiment_token(aud=AUDIENCE))
    with pytest.raises(TokenInvalid, match=AUDIENCE):
        verifier.verify(issuer.experiment_token())


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("user", "slices auth id-token AUDIENCE"),
        ("experiment", "slices experiment jwt NAME"),
        ("project", "portal"),
    ],
)
def test_an_expired_token_says_since_when_and_where_to_get_another(issuer, kind, hint):
    token = getattr(issuer, f"{kind}_token")(lifetime_seconds=600)
    with pytest.raises(TokenExpired, match=hint) as caught:
        verifier_at(issuer, NOW + timedelta(seconds=630)).verify(token)
    assert "expired at 2026-03-01T12:10:00Z" in caught.value.detail
    assert verifier_at(issuer, NOW + timedelta(seconds=629)).verify(token)


def test_an_early_token_says_both_times(issuer):
    early = verifier_at(issuer, NOW - timedelta(minutes=5))
    with pytest.raises(TokenNotYetValid, match=r"12:00:00Z.*11:55:00Z"):
        early.verify(issuer.user_token())


def test_an_unsupported_issuer_is_named_in_bounds(issuer, verifier):
    with pytest.raises(TokenInvalid, match="https://evil") as caught:
        verifier.verify(issuer.user_token(iss="https://evil\n" + "x" * 5000))
    assert len(caught.value.detail) < 400
    assert "\n" not in caught.value.detail


def test_one_issuer_cannot_be_configured_twice_for_a_kind():
    with pytest.raises(ValueError, match="twice"):
        SLICESTokenVerifier([TRUST[0], TRUST[0]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "user", "audiences": []}, "audience"),
        ({"kind": "robot"}, "robot"),
        ({"issuers": []}, "issuer"),
        ({"issuers": [""]}, "issuer"),
        ({"issuers": "https://x.local"}, "lists are needed"),
        ({"audiences": [""]}, "audience is empty"),
        ({"jwks_url": None}, "jwks_url or discovery_url"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"jwks": "https://x.local"}, "unknown"),
    ],
)
def test_a_trusting_configuration_is_refused(change, message):
    good = {"kind": "experiment", "issuers": ["https://x.local"], "jwks_url": "https://x.local"}
    assert TrustedIssuer.from_mapping(good).kind is TokenKind.EXPERIMENT
    with pytest.raises(ValueError, match=message):
        TrustedIssuer.from_mapping({**good, **change})


def test_a_trusting_configuration_needs_its_parts():
    with pytest.raises(ValueError, match="missing"):
        TrustedIssuer.from_mapping({"kind": "user"})
