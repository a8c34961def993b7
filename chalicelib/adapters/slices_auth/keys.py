"""Public keys of an authority: parsed once, and only those fit for what we verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt
from msgspec import Struct

from chalicelib.adapters.slices_auth.strict_json import parse_object

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_RSA_BITS = 2048
_KEY_TYPES = {"EC": "ES256", "RSA": "RS256"}
_CURVE = "P-256"


class VerificationKey(Struct, frozen=True):
    """A public key, bound to the one algorithm that its type allows."""

    kid: str | None
    algorithm: str
    key: jwt.PyJWK


def parse_key_set(document: bytes) -> tuple[VerificationKey, ...]:
    """Return the usable keys of a JWKS document (RFC 7517).

    Keys that are symmetric, private, weak, of another type or for another use are left out.

    Raises:
        ValueError: it is no key set, or none of its keys is usable.
    """
    entries = parse_object(document).get("keys")
    if not isinstance(entries, list):
        raise ValueError("not a JSON Web Key Set: no list `keys`")  # noqa: TRY004 -- as promised
    keys = tuple(key for entry in entries if (key := _parse_key(entry)) is not None)
    if not keys:
        raise ValueError("the key set has no key for ES256 (P-256) or RS256 (2048 bits or more)")
    return keys


def select_keys(
    keys: Iterable[VerificationKey], algorithm: str, kid: str | None
) -> tuple[VerificationKey, ...]:
    """Return the keys that may have signed a token with this algorithm and key id.

    Without a key id only a single candidate counts, lest a token try its luck with all.
    """
    fitting = tuple(key for key in keys if key.algorithm == algorithm)
    if kid is None:
        return fitting if len(fitting) == 1 else ()
    return tuple(key for key in fitting if key.kid == kid)


def is_signed_by(key: VerificationKey, compact: str) -> bool:
    """Say whether this key made the signature of a compact JWS."""
    try:
        jwt.PyJWS().decode(compact, key=key.key, algorithms=[key.algorithm])
    except jwt.InvalidTokenError:
        return False
    return True


def _parse_key(entry: object) -> VerificationKey | None:
    if not isinstance(entry, dict):
        return None
    algorithm = _KEY_TYPES.get(str(entry.get("kty")))
    if algorithm is None or not _is_for_verifying(entry, algorithm):
        return None
    try:
        key = jwt.PyJWK(entry, algorithm)
    except jwt.PyJWTError:
        return None
    if entry["kty"] == "RSA" and key.key.key_size < MIN_RSA_BITS:
        return None
    kid = entry.get("kid")
    return VerificationKey(kid if isinstance(kid, str) else None, algorithm, key)


def _is_for_verifying(entry: dict[str, object], algorithm: str) -> bool:
    operations = entry.get("key_ops", ["verify"])
    return (
        entry.get("use", "sig") == "sig"
        and entry.get("alg", algorithm) == algorithm
        and isinstance(operations, list)
        and "verify" in operations
        and (entry["kty"] != "EC" or entry.get("crv") == _CURVE)
        # A published private key is everyone's key.
        and "d" not in entry
    )
