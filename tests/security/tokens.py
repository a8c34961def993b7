"""The table of bad tokens: each has one thing wrong, and every route must refuse each with 401."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec

from infra.local.issuer.identities import project_id
from infra.local.issuer.issuer import ACCOUNT_ISSUER, EXPERIMENT_ISSUER
from infra.local.issuer.keys import base64url, json_segment
from tests.security.forge import Forge

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.issuer import Issuer

ES256 = {"alg": "ES256", "typ": "JWT", "kid": "ec1"}

ALGORITHMS: dict[str, Callable[[Forge], str]] = {
    "alg none": lambda f: f.unsigned({"alg": "none", "typ": "JWT"}),
    "alg None": lambda f: f.unsigned({"alg": "None", "typ": "JWT"}),
    "alg NONE": lambda f: f.unsigned({"alg": "NONE", "typ": "JWT"}),
    "alg nOnE with kid": lambda f: f.unsigned({**ES256, "alg": "nOnE"}),
    "alg none with a signature": lambda f: f.unsigned({**ES256, "alg": "none"}, b"x" * 64),
    "alg none without last dot": lambda f: f.unsigned({"alg": "none"}).rstrip("."),
    "alg empty": lambda f: f.user({"alg": ""}),
    "alg missing": lambda f: f.header(b'{"typ":"JWT","kid":"ec1"}'),
    "alg null": lambda f: f.header(b'{"alg":null,"kid":"ec1"}'),
    "alg list": lambda f: f.user({"alg": ["ES256"]}),
    "alg number": lambda f: f.user({"alg": 256}),
    "alg lower case": lambda f: f.user({"alg": "es256"}),
    "alg with space": lambda f: f.user({"alg": "ES256 "}),
    "alg EdDSA": lambda f: f.user({"alg": "EdDSA"}),
    "alg RS256 on an EC key": lambda f: f.user({"alg": "RS256"}),
    "alg ES256 on an RSA key": lambda f: f.user({"kid": "rsa1"}),
    "alg PS256 by the genuine RSA key": lambda f: f.by_key(
        f.issuer.account_keys.private_key("RS256"), "PS256", {"alg": "PS256", "kid": "rsa1"}
    ),
    "alg RS512 by the genuine RSA key": lambda f: f.by_key(
        f.issuer.account_keys.private_key("RS256"), "RS512", {"alg": "RS512", "kid": "rsa1"}
    ),
    "alg ES384 by a P-384 key": lambda f: f.by_key(
        ec.generate_private_key(ec.SECP384R1()), "ES384", {**ES256, "alg": "ES384"}
    ),
    "ES256 header, P-384 key": lambda f: f.by_key(
        ec.generate_private_key(ec.SECP384R1()), "ES384", ES256
    ),
    "RS256 by a 1024-bit key": lambda f: f.by_weak_rsa(),
    "HS256 with EC public PEM": lambda f: f.hmac(f.public("ES256", "PEM")),
    "HS256 with EC public DER": lambda f: f.hmac(f.public("ES256", "DER")),
    "HS256 with RSA public PEM": lambda f: f.hmac(f.public("RS256", "PEM")),
    "HS256 with EC JWK": lambda f: f.hmac(
        json_segment(f.issuer.account_keys.public_jwk("ES256")).encode()
    ),
    "HS256 with the kid": lambda f: f.hmac(b"ec1"),
    "HS256 with empty secret": lambda f: f.hmac(b""),
    "ES256 header, HMAC of public PEM": lambda f: f.hmac(f.public("ES256", "PEM"), alg="ES256"),
}

KEY_HINTS: dict[str, Callable[[Forge], str]] = {
    "kid traversal": lambda f: f.by_attacker(kid="../../../../dev/null"),
    "kid SQL": lambda f: f.by_attacker(kid="x' UNION SELECT 'key"),
    "kid URL": lambda f: f.by_attacker(kid=f"{f.trap_url}/kid"),
    "kid command": lambda f: f.by_attacker(kid="ec1|id"),
    "kid with NUL": lambda f: f.by_attacker(kid="ec1\x00"),
    "kid unknown": lambda f: f.by_attacker(kid="ec999"),
    "kid null": lambda f: f.header(b'{"alg":"ES256","kid":null}'),
    "kid empty": lambda f: f.user({"kid": ""}),
    "kid too long": lambda f: f.user({"kid": "k" * 129}),
    "kid list": lambda f: f.user({"kid": ["ec1"]}),
    "kid number": lambda f: f.user({"kid": 1}),
    "kid object": lambda f: f.user({"kid": {"$ne": ""}}),
    "no kid, other key": lambda f: f.by_key(f.attacker_ec, "ES256", {"alg": "ES256"}),
    "jku": lambda f: f.by_attacker(jku=f"{f.trap_url}/jku"),
    "jku and unknown kid": lambda f: f.by_attacker(jku=f"{f.trap_url}/jku", kid="mine"),
    "x5u": lambda f: f.by_attacker(x5u=f"{f.trap_url}/x5u"),
    "jwk": lambda f: f.by_attacker(jwk=f.attacker_jwk()),
    "jwk without kid": lambda f: f.by_key(
        f.attacker_ec, "ES256", {"alg": "ES256", "jwk": f.attacker_jwk()}
    ),
    "x5c": lambda f: f.by_attacker(x5c=f.self_signed_chain()),
    "iss as key host": lambda f: f.user(iss=f.trap_url),
}

SIGNATURES: dict[str, Callable[[Forge], str]] = {
    "signature of zeros": lambda f: f.unsigned(ES256, bytes(64)),
    "signature of ones": lambda f: f.unsigned(ES256, b"\xff" * 64),
    "signature empty": lambda f: f.unsigned(ES256),
    "signature too short": lambda f: f.unsigned(ES256, b"x" * 63),
    "signature too long": lambda f: f.unsigned(ES256, b"x" * 65),
    "signature in DER": lambda f: f.der_signed(),
    "signature of another token": lambda f: f.with_segments(
        signature=f.issuer.user_token("eve").rsplit(".", 1)[1]
    ),
    "another key, same kid": lambda f: f.by_attacker(),
    "another RSA key, same kid": lambda f: f.by_key(
        f.attacker_rsa, "RS256", {"alg": "RS256", "kid": "rsa1"}
    ),
    "payload changed": lambda f: f.with_segments(
        payload=json_segment({**f.genuine_claims, "preferred_username": "root"})
    ),
    "header changed": lambda f: f.with_segments(header=json_segment({**ES256, "typ": "at+jwt"})),
    "experiment token by the account key": lambda f: f.experiment_by_account(),
    "user token by the experiment key": lambda f: f.user_by_expauth(),
}

PARTIES: dict[str, Callable[[Forge], str]] = {
    "iss other": lambda f: f.user(iss="https://evil.example"),
    "iss missing": lambda f: f.user(iss=None),
    "iss null": lambda f: f.with_claim_text("iss", "null"),
    "iss list": lambda f: f.user(iss=[ACCOUNT_ISSUER]),
    "iss with slash": lambda f: f.user(iss=ACCOUNT_ISSUER + "/"),
    "iss upper case": lambda f: f.user(iss=ACCOUNT_ISSUER.upper()),
    "iss of experiments, user sub": lambda f: f.user(iss=EXPERIMENT_ISSUER),
    "iss of users, experiment sub": lambda f: f.experiment(iss=ACCOUNT_ISSUER),
    "aud other": lambda f: f.user(aud="https://other.example"),
    "aud missing": lambda f: f.user(aud=None),
    "aud null": lambda f: f.with_claim_text("aud", "null"),
    "aud empty list": lambda f: f.user(aud=[]),
    "aud others": lambda f: f.user(aud=["https://other.example", "https://third.example"]),
    "aud prefix": lambda f: f.user(aud=f.issuer.audience[:-1]),
    "aud longer": lambda f: f.user(aud=f.issuer.audience + ".evil.example"),
    "aud number": lambda f: f.user(aud=1),
    "aud mixed list": lambda f: f.user(aud=[f.issuer.audience, 1]),
    "aud object": lambda f: f.user(aud={f.issuer.audience: True}),
    "aud of a project token other": lambda f: f.issuer.project_token(aud="https://other.example"),
    "sub missing": lambda f: f.user(sub=None),
    "sub empty": lambda f: f.user(sub=""),
    "sub a name": lambda f: f.user(sub="admin"),
    "sub a task": lambda f: f.user(sub=f.genuine_claims["sub"].replace("user_", "task_")),
    "sub upper case": lambda f: f.user(sub=f.genuine_claims["sub"].upper()),
    "sub too short": lambda f: f.user(sub=f.genuine_claims["sub"][:-1]),
    "sub too large": lambda f: f.user(sub=f"user_account.local_8{'0' * 25}"),
    "sub with newline": lambda f: f.user(sub=f.genuine_claims["sub"] + "\n"),
    "sub SQL": lambda f: f.user(sub="user_x_' OR 1=1 --"),
    "sub list": lambda f: f.user(sub=[f.genuine_claims["sub"]]),
    "sub number": lambda f: f.user(sub=1),
    "proj of another type": lambda f: f.user(proj=f.genuine_claims["sub"]),
    "proj number": lambda f: f.experiment(proj=7),
    "proj other than sub": lambda f: f.issuer.project_token(proj=project_id("other")),
    "proj_name with control": lambda f: f.experiment(proj_name="a\r\nb"),
    "proj_name too long": lambda f: f.experiment(proj_name="p" * 257),
    "username with escape": lambda f: f.user(preferred_username="\x1b[2J"),
    "username list": lambda f: f.user(preferred_username=["admin"]),
}

TIMES: dict[str, Callable[[Forge], str]] = {
    "exp missing": lambda f: f.user(exp=None),
    "exp null": lambda f: f.with_claim_text("exp", "null"),
    "exp past": lambda f: f.user(iat=f.now - 7200, exp=f.now - 3600),
    "exp just past the leeway": lambda f: f.user(iat=f.now - 900, exp=f.now - 31),
    "exp zero": lambda f: f.user(exp=0, iat=None),
    "exp past, experiment": lambda f: f.experiment(iat=f.now - 1800, exp=f.now - 900),
    "exp text": lambda f: f.user(exp=str(f.now + 3600)),
    "exp true": lambda f: f.user(exp=True),
    "exp list": lambda f: f.user(exp=[f.now + 3600]),
    "exp negative": lambda f: f.user(exp=-1, iat=None),
    "exp huge": lambda f: f.user(exp=10**18),
    "exp of 5000 digits": lambda f: f.with_claim_text("exp", "9" * 5000),
    "exp 1e400": lambda f: f.with_claim_text("exp", "1e400"),
    "exp NaN": lambda f: f.with_claim_text("exp", "NaN"),
    "exp Infinity": lambda f: f.with_claim_text("exp", "Infinity"),
    "exp in milliseconds": lambda f: f.user(exp=(f.now + 3600) * 1000),
    "nbf future": lambda f: f.user(nbf=f.now + 3600),
    "nbf text": lambda f: f.user(nbf=str(f.now)),
    "nbf true": lambda f: f.user(nbf=True),
    "iat future": lambda f: f.user(iat=f.now + 1800),
    "iat after exp": lambda f: f.user(iat=f.now + 7200),
    "iat text": lambda f: f.user(iat=str(f.now)),
    "iat false": lambda f: f.user(iat=False),
}

FORMS: dict[str, Callable[[Forge], str]] = {
    "typ JWE": lambda f: f.user({"typ": "JWE"}),
    "typ refresh": lambda f: f.user({"typ": "refresh+jwt"}),
    "typ logout": lambda f: f.user({"typ": "logout+jwt"}),
    "typ list": lambda f: f.user({"typ": ["JWT"]}),
    "typ empty": lambda f: f.user({"typ": ""}),
    "crit unknown": lambda f: f.user({"crit": ["x"], "x": 1}),
    "crit empty": lambda f: f.user({"crit": []}),
    "crit exp": lambda f: f.user({"crit": ["exp"], "exp": 1}),
    "b64 false": lambda f: f.user({"b64": False}),
    "b64 false and crit": lambda f: f.user({"b64": False, "crit": ["b64"]}),
    "zip": lambda f: f.user({"zip": "DEF"}),
    "enc": lambda f: f.user({"enc": "A256GCM"}),
    "text": lambda _: "not-a-token",
    "dots": lambda _: "..",
    "truncated signature": lambda f: f.genuine[:-10],
    "truncated in the payload": lambda f: f.genuine[: len(f.genuine) // 2],
    "two parts": lambda f: f.genuine.rsplit(".", 1)[0],
    "four parts": lambda f: f.genuine + ".e30",
    "five parts (JWE)": lambda _: f"{json_segment({'alg': 'dir', 'enc': 'A128GCM'})}..YQ.YQ.YQ",
    "dot at the end": lambda f: f.genuine + ".",
    "header empty": lambda f: f.with_segments(header=""),
    "payload empty": lambda f: f.with_segments(payload=""),
    "3 MB": lambda f: f.with_segments(payload="A" * 3_000_000),
    "3 MB of dots": lambda _: "." * 3_000_000,
    "over 8 KiB, well signed": lambda f: f.user(padding="x" * 8192),
    "duplicate claim": lambda f: f.payload(json_bytes(f)[:-1] + b', "preferred_username": "root"}'),
    "duplicate sub": lambda f: f.payload(b'{"sub": "x",' + json_bytes(f)[1:]),
    "duplicate by escape": lambda f: f.payload(json_bytes(f)[:-1] + b', "s\\u0075b": "x"}'),
    "duplicate inside": lambda f: f.with_claim_text("extra", '{"a": 1, "a": 2}'),
    "duplicate alg": lambda f: f.header(b'{"alg":"none","alg":"ES256","kid":"ec1"}'),
    "duplicate kid": lambda f: f.header(b'{"alg":"ES256","kid":"x","kid":"ec1"}'),
    "base64 padding": lambda f: f.genuine + "==",
    "base64 of the other alphabet": lambda f: f.with_segments(payload="+/+/"),
    "base64 with space": lambda f: f.genuine.replace(".", ". ", 1),
    "base64 with newline": lambda f: f.genuine + "\n",
    "base64 with junk": lambda f: f.genuine.replace(".", ".!", 1),
    "base64 with other last bits": lambda f: f.with_last_bits_changed(),
    "base64 of impossible length": lambda f: f.with_segments(signature="A" * 85),
    "Bearer twice": lambda f: "Bearer " + f.genuine,
    "in quotes": lambda f: f'"{f.genuine}"',
    "not ASCII": lambda f: f.genuine + "é",
    "header no JSON": lambda f: f.header(b"ES256"),
    "header list": lambda f: f.header(b'[{"alg":"ES256","kid":"ec1"}]'),
    "header with tail": lambda f: f.header(b'{"alg":"ES256","kid":"ec1"} {}'),
    "payload list": lambda f: f.payload(b"[" + json_bytes(f) + b"]"),
    "payload text": lambda f: f.payload(b'"claims"'),
    "payload null": lambda f: f.payload(b"null"),
    "payload a nested token": lambda f: f.payload(f.genuine.encode()),
    "payload empty object": lambda f: f.payload(b"{}"),
    "payload UTF-16": lambda f: f.payload(json_bytes(f).decode().encode("utf-16")),
    "payload with BOM": lambda f: f.payload(b"\xef\xbb\xbf" + json_bytes(f)),
    "payload not UTF-8": lambda f: f.payload(json_bytes(f)[:-1] + b', "x": "\xff"}'),
    "payload deep": lambda f: f.payload(b'{"a":' + b"[" * 2900 + b"]" * 2900 + b"}"),
    "payload not closed": lambda f: f.payload(json_bytes(f)[:-1]),
    "signature text only": lambda _: ".." + base64url(bytes(64)),
    "whitespace": lambda _: " ",
}

CASES = {**ALGORITHMS, **KEY_HINTS, **SIGNATURES, **PARTIES, **TIMES, **FORMS}
EXPIRED = {"exp past", "exp just past the leeway", "exp zero", "exp past, experiment"}
NOT_YET_VALID = {"nbf future", "iat future"}


def bad_tokens(issuer: Issuer, trap_url: str = "http://127.0.0.1:9") -> list[tuple[str, str]]:
    """Return every bad token with its name; made now, and bad for ever.

    Args:
        issuer: The issuer that the tested service trusts. Its `audience` must be the service's,
            and its keys not rotated, so that each token has nothing wrong but what its name says.
        trap_url: Where the key hints in tokens point; a test may listen there.
    """
    forge = Forge(issuer, trap_url)
    return [(name, build(forge)) for name, build in CASES.items()]


def json_bytes(forge: Forge) -> bytes:
    """The genuine claims as JSON, for cutting and pasting."""
    return json.dumps(forge.genuine_claims).encode()
