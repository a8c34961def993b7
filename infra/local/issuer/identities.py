"""SLICES ids for local names: the same name gets the same id, in every run."""

from __future__ import annotations

import hashlib

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_SUFFIX_LENGTH = 26
_UUID_BITS = 128


def user_id(name: str) -> str:
    """Return the id of the user called `name`."""
    return _identifier("user", "account.local", name)


def project_id(name: str) -> str:
    """Return the id of the project called `name`."""
    return _identifier("proj", "account.local", name)


def experiment_id(name: str) -> str:
    """Return the id of the experiment called `name`."""
    return _identifier("exp", "expauth.local", name)


def _identifier(prefix: str, authority: str, name: str) -> str:
    digest = hashlib.sha256(f"{prefix}:{name}".encode()).digest()
    number = int.from_bytes(digest, "big") >> (len(digest) * 8 - _UUID_BITS)
    suffix = "".join(
        _ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(_SUFFIX_LENGTH))
    )
    return f"{prefix}_{authority}_{suffix}"
