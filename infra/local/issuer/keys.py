"""Signing keys of a local authority: one for ES256 and one for RS256, in memory."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

RSA_BITS = 2048
_KID_PREFIXES = {"ES256": "ec", "RS256": "rsa"}


def base64url(raw: bytes) -> str:
    """Return `raw` in base64url without padding, as JOSE writes it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def json_segment(value: object) -> str:
    """Return a token segment: compact JSON in base64url."""
    return base64url(json.dumps(value, separators=(",", ":")).encode())


def decode_segment(segment: str) -> dict[str, Any]:
    """Return the JSON object in a token segment of our own."""
    members: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    )
    return members


@dataclass
class KeyRing:
    """The present keys of an authority; `kid` is `ec1` and `rsa1`, then `ec2` and `rsa2`."""

    generation: int = 0
    _private: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Make the first keys."""
        self.rotate()

    def rotate(self) -> None:
        """Replace both keys; tokens of the old ones are no longer good."""
        self.generation += 1
        self._private = {
            "ES256": ec.generate_private_key(ec.SECP256R1()),
            "RS256": rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS),
        }

    def kid(self, algorithm: str) -> str:
        """Return the id of the key for this algorithm."""
        return f"{_KID_PREFIXES[algorithm]}{self.generation}"

    def private_key(self, algorithm: str) -> Any:
        """Return the private key for ES256 or RS256."""
        return self._private[algorithm]

    def sign(self, algorithm: str, message: bytes) -> bytes:
        """Return the signature of a signing input, in the form that JWS wants."""
        return jwt.get_algorithm_by_name(algorithm).sign(message, self._private[algorithm])

    def public_jwk(self, algorithm: str) -> dict[str, Any]:
        """Return one public key as a JSON Web Key."""
        key = jwt.get_algorithm_by_name(algorithm).to_jwk(
            self._private[algorithm].public_key(), as_dict=True
        )
        # to_jwk adds key_ops, which RFC 7517 does not want beside `use`.
        key.pop("key_ops", None)
        return {**key, "use": "sig", "alg": algorithm, "kid": self.kid(algorithm)}

    def jwks(self) -> dict[str, Any]:
        """Return both public keys as a JSON Web Key Set."""
        return {"keys": [self.public_jwk(algorithm) for algorithm in _KID_PREFIXES]}
