"""The keys of an emulated link: HKDF-SHA256 (RFC 5869) of the secret that both ends share."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from infra.onprem.qkd_agent.secret import SecretBytes

_HASH_BYTES = SHA256.digest_size


class BadReference(Exception):
    """A reference does not say which key is meant."""


def reference(kme_id: str, block: int, offset: int) -> dict[str, Any]:
    """Return what the other end needs to find a key: who drew it, when, and the pad offset."""
    return {"block": block, "offset": offset, "kme_id": kme_id}


class Derivation:
    """Derives the keys of a link. What HKDF does alike for all of them is done once, here."""

    def __init__(self, secret: SecretBytes, link_id: str) -> None:
        extract = HMAC(bytes(_HASH_BYTES), SHA256())
        extract.update(secret.view())
        self._extracted = SecretBytes(extract.finalize())
        self._link_id = link_id
        self._head = lru_cache(maxsize=64)(self._make_head)

    def key(self, found_by: Mapping[str, Any], key_id: str, size_bits: int) -> SecretBytes:
        """Return the key that both ends have under an ID.

        Args:
            found_by: The `reference`, perhaps from the other end.
            key_id: A UUID.
            size_bits: A multiple of 8, up to 255 * 256.

        Raises:
            BadReference: If a member of the reference is missing or has another type.
        """
        kme_id, block, offset = (found_by.get(name) for name in ("kme_id", "block", "offset"))
        if not isinstance(kme_id, str) or type(block) is not int or type(offset) is not int:
            raise BadReference("a link key needs a kme_id, a block and an offset")
        info = f'{self._head(kme_id, block)}, {offset}, "{key_id}", {size_bits}]'
        expand = HKDFExpand(SHA256(), size_bits // 8, info.encode())
        return SecretBytes(expand.derive(self._extracted.view()))

    def _make_head(self, kme_id: str, block: int) -> str:
        """Return how the JSON array of an info begins; it is alike for all keys of a batch."""
        return json.dumps(["slices-qkd link key", self._link_id, kme_id, block])[:-1]
