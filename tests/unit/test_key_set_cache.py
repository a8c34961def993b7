"""The key cache with a clock and an authority of our own: when it asks, and what it survives."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chalicelib.adapters.slices_auth.fetch import FetchError
from chalicelib.adapters.slices_auth.jwks import JWKSCache
from chalicelib.adapters.slices_auth.keys import parse_key_set, select_keys
from chalicelib.adapters.slices_auth.trust import TrustedIssuer
from chalicelib.domain.errors import AuthorityUnavailable
from chalicelib.domain.tokens import TokenKind
from infra.local.issuer.keys import KeyRing

URL = "https://authority.local/jwks"
DISCOVERY = "https://authority.local/.well-known/openid-configuration"
HOUR, DAY = 3600, 24 * 3600


class Authority:
    """What it serves, who asked, and the time."""

    def __init__(self):
        self.ring = KeyRing()
        self.seconds = 1000.0
        self.asked = []
        self.down = False
        self.documents = {}

    def fetch(self, url):
        self.asked.append(url)
        if self.down:
            raise FetchError("down")
        return json.dumps(self.documents.get(url) or self.ring.jwks()).encode()

    def cache(self, **settings):
        issuer = TrustedIssuer(
            TokenKind.EXPERIMENT, ("https://x.local",), **(settings or {"jwks_url": URL})
        )
        return JWKSCache(issuer, fetch=self.fetch, monotonic=lambda: self.seconds)


@pytest.fixture
def authority():
    return Authority()


def test_keys_are_fetched_once_an_hour(authority):
    cache = authority.cache()
    assert authority.asked == []
    for seconds in (0, 1, HOUR - 2):
        authority.seconds += seconds
        assert len(cache.find("ES256", "ec1")) == 1
    assert authority.asked == [URL]
    authority.seconds += 1
    assert cache.find("RS256", "rsa1")
    assert len(authority.asked) == 2


def test_an_outage_is_survived_for_a_day_with_few_attempts(authority):
    cache = authority.cache()
    cache.find("ES256", "ec1")
    authority.down = True
    authority.seconds += HOUR
    for _ in range(30):
        assert cache.find("ES256", "ec1")
        authority.seconds += 2
    assert len(authority.asked) == 3
    authority.seconds += DAY - HOUR - 61
    assert cache.find("ES256", "ec1")
    authority.seconds += 1
    with pytest.raises(AuthorityUnavailable, match="try again"):
        cache.find("ES256", "ec1")


def test_a_cold_outage_is_told_and_ends_soon_after_the_authority_is_back(authority):
    cache = authority.cache()
    authority.down = True
    for _ in range(10):
        with pytest.raises(AuthorityUnavailable):
            cache.find("ES256", "ec1")
    assert len(authority.asked) == 1
    authority.down = False
    authority.seconds += 5
    assert cache.find("ES256", "ec1")


def test_whoever_waited_for_a_slow_failure_does_not_repeat_it(authority):
    cache = authority.cache()
    authority.down = True
    quick = authority.fetch

    def slow(url):
        authority.seconds += 6
        return quick(url)

    cache._fetch = slow
    for _ in range(3):
        with pytest.raises(AuthorityUnavailable):
            cache.find("ES256", "ec1")
    assert len(authority.asked) == 1


def test_new_keys_are_found_with_one_refresh(authority):
    cache = authority.cache()
    cache.find("ES256", "ec1")
    authority.ring.rotate()
    authority.seconds += 30
    assert cache.find("ES256", "ec2")
    assert len(authority.asked) == 2
    assert cache.find("ES256", "ec1") == ()


def test_unknown_keys_do_not_make_us_ask_more_than_twice_a_minute(authority):
    cache = authority.cache()
    cache.find("ES256", "ec1")
    for number in range(600):
        authority.seconds += 0.1
        assert cache.find("ES256", f"unknown{number}") == ()
    assert len(authority.asked) <= 3


def test_an_unknown_key_during_an_outage_is_not_the_callers_fault(authority):
    cache = authority.cache()
    cache.find("ES256", "ec1")
    authority.ring.rotate()
    authority.down = True
    authority.seconds += 60
    for _ in range(2):
        with pytest.raises(AuthorityUnavailable):
            cache.find("ES256", "ec2")
    assert cache.find("ES256", "ec1")
    assert len(authority.asked) == 2


def test_many_threads_fetch_once(authority):
    cache = authority.cache()
    started = threading.Barrier(8)

    def find(_):
        started.wait(timeout=10)
        return len(cache.find("ES256", "ec1"))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(find, range(8))) == [1] * 8
    assert len(authority.asked) == 1


def test_nobody_waits_for_a_renewal_while_there_are_keys(authority):
    cache = authority.cache()
    cache.find("ES256", "ec1")
    authority.seconds += HOUR
    fetching, answer = threading.Event(), threading.Event()
    quick = authority.fetch

    def slow(url):
        fetching.set()
        assert answer.wait(timeout=10)
        return quick(url)

    cache._fetch = slow
    with ThreadPoolExecutor(1) as pool:
        renewal = pool.submit(cache.find, "ES256", "ec1")
        assert fetching.wait(timeout=10)
        assert cache.find("ES256", "ec1")
        assert not renewal.done()
        answer.set()
        assert renewal.result(timeout=10)


def test_discovery_leads_to_the_keys_whatever_issuer_it_names(authority):
    cache = authority.cache(discovery_url=DISCOVERY)
    authority.documents[DISCOVERY] = {"issuer": "https://elsewhere.local", "jwks_uri": URL}
    assert cache.find("ES256", "ec1")
    assert authority.asked == [DISCOVERY, URL]


@pytest.mark.parametrize(
    "jwks_uri",
    [None, 1, "", "http://authority.local/jwks", "file:///etc/passwd", "ftp://a.local/jwks",
     "http://127.0.0.1:80/", "https://localhost/", "https://[::1]/", "https://[bad/"],
)  # fmt: skip
def test_discovery_leads_nowhere_else(authority, jwks_uri):
    cache = authority.cache(discovery_url=DISCOVERY)
    authority.documents[DISCOVERY] = {"jwks_uri": jwks_uri}
    with pytest.raises(AuthorityUnavailable):
        cache.find("ES256", "ec1")
    assert authority.asked == [DISCOVERY]


@pytest.mark.parametrize(
    "document",
    [b"", b"<html>", b"[]", b"{}", b'{"keys": {}}', b'{"keys": []}', b'{"keys": [1, null]}',
     b'{"keys": [], "keys": []}', b"\xff", b"[" * 100_000],
)  # fmt: skip
def test_garbage_is_no_key_set(document):
    with pytest.raises(ValueError, match=r"."):
        parse_key_set(document)


def ec_jwk(curve, algorithm):
    key = ec.generate_private_key(curve).public_key()
    return jwt.get_algorithm_by_name(algorithm).to_jwk(key, as_dict=True)


def private_ec_jwk():
    key = ec.generate_private_key(ec.SECP256R1())
    return {**jwt.get_algorithm_by_name("ES256").to_jwk(key, as_dict=True), "key_ops": ["verify"]}


def rsa_jwk(bits):
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    return jwt.get_algorithm_by_name("RS256").to_jwk(key, as_dict=True)


BAD_KEYS = {
    "P-384": lambda _: ec_jwk(ec.SECP384R1(), "ES384"),
    "secp256k1": lambda _: ec_jwk(ec.SECP256K1(), "ES256K"),
    "no curve": lambda good: {**good, "crv": None},
    "RSA 1024": lambda _: rsa_jwk(1024),
    "symmetric": lambda _: {"kty": "oct", "k": "c2VjcmV0"},
    "no type": lambda good: {**good, "kty": None},
    "for encryption": lambda good: {**good, "use": "enc"},
    "for signing only": lambda good: {**good, "key_ops": ["sign"]},
    "operations no list": lambda good: {**good, "key_ops": "verify"},
    "other algorithm": lambda good: {**good, "alg": "ES384"},
    "private": lambda _: private_ec_jwk(),
    "off the curve": lambda good: {**good, "x": good["y"], "y": good["x"]},
    "no point": lambda good: {**good, "x": 1},
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_unfit_keys_are_left_out(authority, name):
    good = authority.ring.public_jwk("ES256")
    bad = {**BAD_KEYS[name](good), "kid": "bad"}
    keys = parse_key_set(json.dumps({"keys": [bad, good]}).encode())
    assert [key.kid for key in keys] == ["ec1"]


def test_without_a_key_id_only_a_single_key_counts(authority):
    keys = parse_key_set(json.dumps(authority.ring.jwks()).encode())
    assert len(select_keys(keys, "ES256", None)) == 1
    other = parse_key_set(json.dumps(KeyRing().jwks()).encode())
    assert select_keys(keys + other, "ES256", None) == ()
    assert len(select_keys(keys + other, "ES256", "ec1")) == 2
