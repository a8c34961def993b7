"""OpenSSH public keys, as users paste them."""

from __future__ import annotations

import base64
import binascii
import re

_MAX_LENGTH = 16 * 1024
_TYPES = re.compile(
    r"ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)"
    r"|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com"
)
_EXAMPLE = "a public key such as `ssh-ed25519 AAAA... you@host`"


def fault_of(key: str) -> str | None:
    """Say what is wrong with a public key, or None; whitespace around it is fine."""
    key = key.strip()
    if len(key) > _MAX_LENGTH:
        return f"is longer than {_MAX_LENGTH} characters"
    if "PRIVATE KEY" in key:
        return f"is a private key: never send it anywhere. Send {_EXAMPLE}"
    if not key.isprintable():
        return "holds a line break or a control character: give each key as an entry of its own"
    kind, _, rest = key.partition(" ")
    if not _TYPES.fullmatch(kind):
        return f"is not {_EXAMPLE}"
    if not _matches(kind, rest.split(" ")[0]):
        return "is cut off or damaged: the part after the type is not a key of this type"
    return None


def _matches(kind: str, blob: str) -> bool:
    """Say whether the blob (RFC 4253, section 6.6) begins with its type and goes on after it."""
    try:
        data = base64.b64decode(blob, validate=True)
    except (ValueError, binascii.Error):
        return False
    prefix = len(kind).to_bytes(4, "big") + kind.encode()
    return data.startswith(prefix) and len(data) > len(prefix) + 4
