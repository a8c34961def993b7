"""What a broken, hostile or absent key server can do to us: nothing but a 503."""

from __future__ import annotations

import gzip
import threading

import pytest

from chalicelib.adapters.slices_auth import fetch
from chalicelib.adapters.slices_auth.fetch import DocumentFetcher, FetchError
from chalicelib.adapters.slices_auth.trust import TrustedIssuer
from chalicelib.adapters.slices_auth.verifier import SLICESTokenVerifier
from chalicelib.domain.errors import AuthorityUnavailable, TokenInvalid
from chalicelib.domain.tokens import TokenKind
from infra.local.issuer import Issuer
from infra.local.issuer.issuer import EXPERIMENT_ISSUER


class Clock:
    """Seconds that pass when told."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def own_issuer():
    """An issuer to stop and to rotate."""
    with Issuer() as issuer:
        yield issuer


def trusting(issuer, clock):
    trust = map(TrustedIssuer.from_mapping, issuer.trusted_issuers())
    return SLICESTokenVerifier(trust, monotonic=clock)


def test_keys_known_before_the_outage_serve_for_a_day(own_issuer, clock):
    verifier = trusting(own_issuer, clock)
    tokens = [own_issuer.user_token(), own_issuer.experiment_token()]
    assert all(map(verifier.verify, tokens))
    own_issuer.stop()
    clock.seconds += 23 * 3600
    assert all(map(verifier.verify, tokens))
    clock.seconds += 3600
    for token in tokens:
        with pytest.raises(AuthorityUnavailable):
            verifier.verify(token)


def test_without_keys_nobody_gets_in(own_issuer, clock):
    verifier = trusting(own_issuer, clock)
    tokens = [own_issuer.user_token(), own_issuer.experiment_token()]
    own_issuer.stop()
    for token in tokens:
        with pytest.raises(AuthorityUnavailable) as caught:
            verifier.verify(token)
        assert caught.value.http_status == 503


def test_rotated_keys_are_learned_and_old_ones_forgotten(own_issuer, clock):
    verifier = trusting(own_issuer, clock)
    old = own_issuer.user_token()
    assert verifier.verify(old)
    own_issuer.rotate_keys()
    clock.seconds += 30
    assert verifier.verify(own_issuer.user_token())
    with pytest.raises(TokenInvalid, match="no such key"):
        verifier.verify(old)


def test_one_authoritys_outage_is_not_the_others(issuer, stub, clock):
    stub.status = 500
    trust = [
        TrustedIssuer(
            TokenKind.EXPERIMENT, (EXPERIMENT_ISSUER,), jwks_url=f"{stub.url}/expauth/jwks"
        ),
        TrustedIssuer.from_mapping(issuer.trusted_issuers()[0]),
    ]
    verifier = SLICESTokenVerifier(trust, monotonic=clock)
    with pytest.raises(AuthorityUnavailable):
        verifier.verify(issuer.experiment_token())
    assert verifier.verify(issuer.user_token())


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (500, {}, b'{"keys": []}'),
        (404, {}, b"not found"),
        (204, {}, b""),
        (200, {}, b""),
        (200, {"Content-Type": "text/html"}, b"<!doctype html><title>Sign in</title>"),
        (200, {}, b'{"keys": ["\xff"]}'),
        (200, {}, b"x" * (256 * 1024 + 1)),
        (200, {"Content-Length": "999"}, b'{"keys":'),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(b'{"keys": []}')),
    ],
    ids=["500", "404", "204", "empty", "HTML", "no UTF-8", "oversize", "cut short", "compressed"],
)
def test_a_bad_answer_gives_no_keys(issuer, stub, clock, status, headers, body):
    stub.status, stub.headers, stub.body = status, headers, body
    trust = TrustedIssuer(TokenKind.EXPERIMENT, (EXPERIMENT_ISSUER,), jwks_url=f"{stub.url}/jwks")
    verifier = SLICESTokenVerifier([trust], monotonic=clock)
    for _ in range(5):
        with pytest.raises(AuthorityUnavailable):
            verifier.verify(issuer.experiment_token())
    assert stub.hits == ["/jwks"]


def test_no_more_is_read_than_a_key_set_may_be_long(stub):
    stub.body = b"x" * (256 * 1024)
    assert len(DocumentFetcher()(f"{stub.url}/jwks")) == 256 * 1024
    stub.body += b"x"
    with pytest.raises(FetchError, match="more than 262144 bytes"):
        DocumentFetcher()(f"{stub.url}/jwks")


def test_compressed_answers_are_not_unpacked(stub):
    stub.headers, stub.body = {"Content-Encoding": "gzip"}, gzip.compress(bytes(10_000_000))
    with pytest.raises(FetchError, match="compressed"):
        DocumentFetcher()(f"{stub.url}/jwks")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(issuer, stub, status):
    stub.status, stub.headers = status, {"Location": f"{issuer.url}/expauth/jwks"}
    with pytest.raises(FetchError, match=str(status)):
        DocumentFetcher()(f"{stub.url}/jwks")


@pytest.mark.parametrize(
    "url",
    ["http://authority.example/jwks", "file:///etc/passwd", "ftp://127.0.0.1/", "", "//x", "jwks",
     "http://127.0.0.1.evil.example/", "http://127.0.0.1@evil.example/", "http://[::1"],
)  # fmt: skip
def test_only_https_and_this_machine_are_asked(url):
    with pytest.raises(FetchError, match=r"https is required|not a URL"):
        DocumentFetcher()(url)


def test_environment_proxies_are_not_asked(stub, issuer, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, stub.url)
    assert b"keys" in DocumentFetcher()(f"{issuer.url}/jwks")
    assert stub.hits == []


def test_a_silent_server_is_left_in_time(stub, monkeypatch):
    monkeypatch.setattr(fetch, "READ_SECONDS", 0.1)
    stub.headers, stub.body = {"Content-Length": "10"}, b"{"
    stub.hold = threading.Event()
    with pytest.raises(FetchError, match="Timeout"):
        DocumentFetcher()(f"{stub.url}/jwks")
    stub.hold.set()


def test_a_dripping_server_is_left_in_time(stub, monkeypatch):
    monkeypatch.setattr(fetch, "TOTAL_SECONDS", 0.0)
    stub.body = b'{"keys": []}'
    with pytest.raises(FetchError, match="slower"):
        DocumentFetcher()(f"{stub.url}/jwks")


def test_a_refused_connection_names_the_place_only(own_issuer):
    url = own_issuer.url
    own_issuer.stop()
    with pytest.raises(FetchError, match=f"^{url}/jwks: NewConnectionError$"):
        DocumentFetcher()(f"{url}/jwks")
