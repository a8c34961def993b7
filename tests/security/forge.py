"""A forger's tools: tokens with one thing wrong, made with what an attacker can have."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from infra.local.issuer.identities import experiment_id
from infra.local.issuer.issuer import EXPERIMENT_ISSUER, Issuer
from infra.local.issuer.keys import base64url, decode_segment, json_segment

ENCODINGS = {"PEM": serialization.Encoding.PEM, "DER": serialization.Encoding.DER}


class Forge:
    """Starts from the issuer's genuine user token, and changes it.

    Arguments named `claims` and `headers` are written over the genuine ones; None removes one.
    `trap_url` is what key hints point at: nobody must go there.
    """

    def __init__(self, issuer: Issuer, trap_url: str) -> None:
        self.issuer = issuer
        self.trap_url = trap_url
        self.genuine = issuer.user_token()
        self.genuine_claims = decode_segment(self.genuine.split(".")[1])
        self.now = int(self.genuine_claims["iat"])

    @cached_property
    def attacker_ec(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def attacker_rsa(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def user(self, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """A user token with a genuine signature over changed claims or headers."""
        return self.issuer.sign({**self.genuine_claims, **claims}, headers)

    def experiment(self, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """An experiment token with a genuine signature over changed claims or headers."""
        base = decode_segment(self.issuer.experiment_token().split(".")[1])
        return self.issuer.sign({**base, **claims}, headers, keys=self.issuer.experiment_keys)

    def experiment_by_account(self) -> str:
        """An experiment token that the account authority's key signed; the kids are equal."""
        return self.user(iss=EXPERIMENT_ISSUER, sub=experiment_id("experiment"))

    def user_by_expauth(self) -> str:
        """A user token that the experiment authority's key signed; the kids are equal."""
        return self.issuer.sign(self.genuine_claims, keys=self.issuer.experiment_keys)

    def with_claim_text(self, name: str, value: str) -> str:
        """A genuine signature over a claim written as JSON cannot be written from Python."""
        rest = {key: claim for key, claim in self.genuine_claims.items() if key != name}
        return self.payload(json.dumps(rest)[:-1].encode() + f', "{name}": {value}}}'.encode())

    def payload(self, raw: bytes) -> str:
        """A genuine signature over any payload."""
        return self.issuer.sign(raw)

    def header(self, raw: bytes) -> str:
        """A genuine signature over any header."""
        signing_input = f"{base64url(raw)}.{json_segment(self.genuine_claims)}"
        return self.finish(
            signing_input, self.issuer.account_keys.sign("ES256", bytes_of(signing_input))
        )

    def unsigned(self, headers: dict[str, Any], signature: bytes = b"") -> str:
        """A header of our own before the genuine claims, and some signature."""
        return self.finish(self.signing_input(headers), signature)

    def hmac(self, secret: bytes, alg: str = "HS256") -> str:
        """The classic confusion: a public text as the secret of a symmetric algorithm."""
        signing_input = self.signing_input({"alg": alg, "typ": "JWT", "kid": "ec1"})
        return self.finish(
            signing_input, hmac.digest(secret, bytes_of(signing_input), hashlib.sha256)
        )

    def by_attacker(self, **headers: Any) -> str:
        """Signed properly with ES256, by a key of our own."""
        return self.by_key(
            self.attacker_ec, "ES256", {"alg": "ES256", "typ": "JWT", "kid": "ec1", **headers}
        )

    def by_key(self, key: Any, algorithm: str, headers: dict[str, Any]) -> str:
        """Signed with any key and algorithm that PyJWT knows, whatever the header says."""
        signing_input = self.signing_input(headers)
        signature = jwt.get_algorithm_by_name(algorithm).sign(bytes_of(signing_input), key)
        return self.finish(signing_input, signature)

    def by_weak_rsa(self) -> str:
        """Signed by an RSA key that is too short to be trusted."""
        weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- it is to be refused
        signing_input = self.signing_input({"alg": "RS256", "typ": "JWT", "kid": "rsa1"})
        signature = weak.sign(bytes_of(signing_input), padding.PKCS1v15(), hashes.SHA256())
        return self.finish(signing_input, signature)

    def with_segments(self, **segments: str) -> str:
        """The genuine token with its header, payload or signature text replaced."""
        names = ("header", "payload", "signature")
        genuine = dict(zip(names, self.genuine.split("."), strict=True))
        return ".".join({**genuine, **segments}[name] for name in names)

    def with_last_bits_changed(self) -> str:
        """Other unused bits in the last character: same signature, other text."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        last = alphabet.index(self.genuine[-1])
        return self.genuine[:-1] + alphabet[last ^ 1]

    def der_signed(self) -> str:
        """The genuine key's signature in DER, where JWS wants r and s."""
        signing_input = self.genuine.rsplit(".", 1)[0]
        key = self.issuer.account_keys.private_key("ES256")
        return self.finish(
            signing_input, key.sign(bytes_of(signing_input), ec.ECDSA(hashes.SHA256()))
        )

    def self_signed_chain(self) -> list[str]:
        """An x5c value; our public key in DER will do for something that nobody may read."""
        return [base64.b64encode(self.public("attacker", "DER")).decode()]

    def attacker_jwk(self) -> dict[str, Any]:
        """The attacker's public key as a JSON Web Key under a genuine kid."""
        key = jwt.get_algorithm_by_name("ES256").to_jwk(self.attacker_ec.public_key(), as_dict=True)
        return {**key, "kid": "ec1"}

    def public(self, whose: str, encoding: str) -> bytes:
        """A public key, of `ES256` or `RS256` of the authority or of the `attacker`."""
        private = (
            self.attacker_ec if whose == "attacker" else self.issuer.account_keys.private_key(whose)
        )
        return bytes(
            private.public_key().public_bytes(
                ENCODINGS[encoding],
                serialization.PublicFormat.SubjectPublicKeyInfo,
            )
        )

    def signing_input(self, headers: dict[str, Any]) -> str:
        return f"{json_segment(headers)}.{json_segment(self.genuine_claims)}"

    @staticmethod
    def finish(signing_input: str, signature: bytes) -> str:
        return f"{signing_input}.{base64url(signature)}"


def bytes_of(text: str) -> bytes:
    return text.encode()
