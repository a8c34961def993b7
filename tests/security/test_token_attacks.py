"""Every bad token is refused, for the right reason, and nobody follows its hints."""

from __future__ import annotations

import logging

import pytest

from chalicelib.adapters.slices_auth.trust import TrustedIssuer
from chalicelib.adapters.slices_auth.verifier import SLICESTokenVerifier
from chalicelib.domain.errors import (
    TokenExpired,
    TokenInvalid,
    TokenMissing,
    TokenNotYetValid,
    Unauthenticated,
)
from tests.security.forge import Forge
from tests.security.stub_server import stub_server
from tests.security.tokens import CASES, EXPIRED, NOT_YET_VALID, bad_tokens


@pytest.fixture(scope="module")
def trap():
    """A server that would love to serve the attacker's keys."""
    with stub_server() as trap:
        yield trap


@pytest.fixture(scope="module")
def forged(issuer, trap):
    trap.body = b'{"keys": []}'
    return dict(bad_tokens(issuer, trap.url))


@pytest.fixture(scope="module")
def verifier(issuer):
    return SLICESTokenVerifier(map(TrustedIssuer.from_mapping, issuer.trusted_issuers()))


def expected_error(name):
    if name in EXPIRED:
        return TokenExpired
    return TokenNotYetValid if name in NOT_YET_VALID else TokenInvalid


@pytest.mark.parametrize("name", CASES)
def test_a_bad_token_is_refused(name, forged, verifier, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Unauthenticated) as caught:
        verifier.verify(forged[name])
    assert type(caught.value) is expected_error(name)
    assert caught.value.http_status == 401
    assert len(caught.value.detail) > 20
    signature = forged[name].rpartition(".")[2]
    assert len(signature) < 20 or signature not in caught.value.detail + caplog.text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("four parts", "three parts"),
        ("payload empty", "base64url"),
        ("crit unknown", "`crit`"),
        ("crit empty", "`crit`"),
        ("b64 false", "`b64`"),
        ("kid too long", "`kid` must be"),
        ("kid list", "`kid` must be"),
        ("exp NaN", "unambiguous"),
        ("exp 1e400", "not a time"),
        ("HS256 with EC public PEM", "algorithm is not accepted"),
        ("another key, same kid", "signature"),
        ("user token by the experiment key", "signature"),
        ("aud other", "another service"),
        ("3 MB", "8192 bytes"),
    ],
)
def test_the_reason_is_the_right_one(name, reason, forged, verifier):
    with pytest.raises(TokenInvalid, match=reason):
        verifier.verify(forged[name])


def test_the_second_proof_refuses_them_too(forged, verifier):
    for token in forged.values():
        with pytest.raises(Unauthenticated):
            verifier.verify_user(token)


def test_nobody_follows_the_hints_of_a_token(forged, verifier, trap):
    hinting = [name for name, token in forged.items() if name.startswith(("jku", "x5u", "iss as"))]
    assert len(hinting) == 4
    for name in hinting:
        with pytest.raises(TokenInvalid):
            verifier.verify(forged[name])
    assert trap.hits == []


def test_a_genuine_token_may_carry_hints_that_nobody_reads(issuer, verifier, trap):
    forge = Forge(issuer, trap.url)
    hints = {
        "jku": f"{trap.url}/jku",
        "x5u": f"{trap.url}/x5u",
        "jwk": forge.attacker_jwk(),
        "x5c": forge.self_signed_chain(),
    }
    assert verifier.verify(forge.user(hints)).preferred_username == "admin"
    assert trap.hits == []


def test_the_forge_makes_good_tokens_when_it_changes_nothing(issuer, verifier, trap):
    forge = Forge(issuer, trap.url)
    header = b'{"alg":"ES256","typ":"JWT","kid":"ec1"}'
    for token in (
        forge.genuine,
        forge.user(),
        forge.experiment(),
        forge.header(header),
        forge.with_segments(),
        forge.with_claim_text("exp", str(forge.now + 60)),
        forge.by_key(
            issuer.account_keys.private_key("RS256"), "RS256", {"alg": "RS256", "kid": "rsa1"}
        ),
    ):
        assert verifier.verify(token)


@pytest.mark.parametrize("nothing", ["", None])
def test_no_token_is_said_to_be_missing(nothing, verifier):
    with pytest.raises(TokenMissing):
        verifier.verify(nothing)


def test_the_table_is_as_long_as_promised():
    assert len(CASES) >= 45
