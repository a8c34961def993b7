"""The derivation of link keys against the HKDF of a library, whose output it must keep."""

import json
import os

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra.onprem.qkd_agent.config_sections import LARGEST_KEY_BITS
from infra.onprem.qkd_agent.secret import SecretBytes
from infra.onprem.qkd_agent.south.derivation import BadReference, Derivation, reference

LINK = 'link "1" \\ é'
KEY_ID = "00000000-0000-7000-8000-00000000000a"


def by_the_library(secret, kme_id, block, offset, key_id, size_bits):
    fields = ["slices-qkd link key", LINK, kme_id, block, offset, key_id, size_bits]
    info = json.dumps(fields).encode()
    return HKDF(algorithm=SHA256(), length=size_bits // 8, salt=None, info=info).derive(secret)


@pytest.mark.parametrize("size_bits", [8, 64, 248, 256, 264, 512, 4096, LARGEST_KEY_BITS])
def test_it_is_hkdf(size_bits):
    secret = os.urandom(64)
    derivation = Derivation(SecretBytes(secret), LINK)
    for kme_id, block, offset in (("kme-a", 180_000_000, 0), ('kme "é"', 180_000_001, 10**12)):
        key = derivation.key(reference(kme_id, block, offset), KEY_ID, size_bits)
        expected = by_the_library(secret, kme_id, block, offset, KEY_ID, size_bits)
        assert key == SecretBytes(expected)


def test_every_part_of_the_name_changes_the_key():
    derivation, other = (Derivation(SecretBytes(s * 32), LINK) for s in (b"s", b"t"))
    base = {"kme_id": "a", "block": 1, "offset": 2}
    names = [
        base,
        *({**base, **change} for change in ({"kme_id": "b"}, {"block": 2}, {"offset": 1})),
    ]
    keys = [derivation.key(name, KEY_ID, 256) for name in names]
    keys += [other.key(base, KEY_ID, 256), derivation.key(base, KEY_ID[:-1] + "b", 256)]
    keys += [Derivation(SecretBytes(b"s" * 32), "2").key(base, KEY_ID, 256)]
    assert len({bytes(key.view()) for key in keys}) == len(keys)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"kme_id": "a", "block": 1},
        {"kme_id": 5, "block": 1, "offset": 2},
        {"kme_id": "a", "block": "1", "offset": 2},
        {"kme_id": "a", "block": 1, "offset": True},
        {"kme_id": "a", "block": 1, "offset": 2.0},
        {"kme_id": "a", "block": [1], "offset": 2},
    ],
)
def test_a_reference_of_other_types_names_no_key(members):
    with pytest.raises(BadReference):
        Derivation(SecretBytes(b"s" * 32), LINK).key(members, KEY_ID, 256)
