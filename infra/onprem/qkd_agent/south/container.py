"""Reading the key container of a KME that may not follow the standard."""

import base64
import binascii
import re

from infra.onprem.qkd_agent.secret import SecretBytes
from infra.onprem.qkd_agent.web.client import Answer

UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class BadAnswer(Exception):
    """The KME's answer is not what was asked for; the whole batch is discarded."""


def read_container(
    answer: Answer, number: int, size_bits: int, wanted: set[str] | None = None
) -> list[tuple[str, SecretBytes]]:
    """Return the keys of a key container as (key_ID as the KME spells it, key).

    Args:
        answer: What the KME said.
        number: How many keys were asked for.
        size_bits: Of which size.
        wanted: Which key_IDs in lower case, if they were named.

    Raises:
        BadAnswer: If the number, the size, an ID or the encoding is not right, or one repeats.
    """
    entries = answer.body.get("keys") if isinstance(answer.body, dict) else None
    if not isinstance(entries, list):
        raise BadAnswer("no key container")
    if len(entries) != number:
        raise BadAnswer(f"{len(entries)} keys for {number}")
    keys = [_read_key(entry, size_bits) for entry in entries]
    ids = {key_id.lower() for key_id, _ in keys}
    if len(ids) != number:
        raise BadAnswer("a key_ID is there twice")
    if wanted is not None and ids != wanted:
        raise BadAnswer("other key_IDs than asked for")
    if len({bytes(key.view()) for _, key in keys}) != number:
        raise BadAnswer("a key is there twice")
    return keys


def _read_key(entry: object, size_bits: int) -> tuple[str, SecretBytes]:
    if not isinstance(entry, dict):
        raise BadAnswer("a key is not an object")
    key_id, text = entry.get("key_ID"), entry.get("key")
    if not isinstance(key_id, str) or not UUID.fullmatch(key_id):
        raise BadAnswer("a key_ID is not a UUID")
    try:
        key = SecretBytes(base64.b64decode(text if isinstance(text, str) else "", validate=True))
    except (binascii.Error, ValueError):
        raise BadAnswer("a key is not base64") from None
    if len(key) * 8 != size_bits:
        raise BadAnswer(f"{len(key) * 8} bits for {size_bits}")
    return key_id, key
