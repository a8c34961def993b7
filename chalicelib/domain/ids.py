"""Identifiers as SLICES makes them: `<type>_<authority or infrastructure>_<26 characters>`.

The last part is a TypeID suffix: a 128-bit UUID in lower-case Crockford base32.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import datetime
from enum import StrEnum

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_SUFFIX_LENGTH = 26
_ID = re.compile(r"([a-z]+)_([a-z0-9][a-z0-9.-]{0,62})_([0-7][0-9a-hjkmnp-tv-z]{25})")


class IdKind(StrEnum):
    """The type part of an identifier."""

    USER = "user"
    PROJECT = "proj"
    EXPERIMENT = "exp"
    RESOURCE = "r"
    DISK_IMAGE = "image"
    FLAVOR = "flavor"
    NETWORK = "network"
    TASK = "task"
    LINK = "link"


def encode_suffix(value: uuid.UUID) -> str:
    """Return the 26-character TypeID suffix of a UUID."""
    number, characters = value.int, []
    for _ in range(_SUFFIX_LENGTH):
        characters.append(_ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(characters))


def decode_suffix(suffix: str) -> uuid.UUID:
    """Return the UUID of a TypeID suffix.

    Raises:
        ValueError: it is not 26 characters of the alphabet, or exceeds 128 bits.
    """
    if len(suffix) != _SUFFIX_LENGTH:
        raise ValueError("a TypeID suffix has 26 characters")
    number = 0
    for character in suffix:
        number = number * 32 + _ALPHABET.index(character)
    return uuid.UUID(int=number)


def make_id(kind: IdKind, authority: str, value: uuid.UUID) -> str:
    """Return `<kind>_<authority>_<suffix of value>`."""
    return f"{kind}_{authority}_{encode_suffix(value)}"


def suffix_of(identifier: str) -> str:
    """Return the 26 characters that make the identifier unique."""
    return identifier[-_SUFFIX_LENGTH:]


def is_id(identifier: str, kind: IdKind) -> bool:
    """Say whether the text is a well-formed identifier of this kind."""
    match = _ID.fullmatch(identifier)
    return match is not None and match.group(1) == kind


def uuid7(now: datetime, random_bits: int) -> uuid.UUID:
    """Return the UUIDv7 (RFC 9562, section 5.7) of a moment; 74 of `random_bits` are used."""
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    random_a = (random_bits >> 62) & 0xFFF
    random_b = random_bits & ((1 << 62) - 1)
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | random_a << 64 | 0b10 << 62 | random_b)


def derived_uuid(*parts: str) -> uuid.UUID:
    """Return the same UUIDv8 (RFC 9562, section 5.8) for the same parts, for ever.

    The parts are length-prefixed before SHA-256, so that no two lists run together.
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    number = int.from_bytes(digest.digest()[:16], "big")
    number = number & ~(0xF << 76) | 0x8 << 76
    number = number & ~(0b11 << 62) | 0b10 << 62
    return uuid.UUID(int=number)
