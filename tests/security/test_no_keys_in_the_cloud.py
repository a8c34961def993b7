"""The cloud half has no name, type or route for the bytes of a QKD key."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.adapters.qkd_agent.answers import observed_link, sample_of
from chalicelib.api.openapi import document

ROOT = Path(__file__).parents[2]
# What ETSI GS QKD 014 and 020 call key material, and the routes that deliver it.
BANNED = {"enc_keys", "dec_keys", "ext_keys", "key_container", "keycontainer", "raw_key",
          "key_material", "plaintext_key", "qkd_key", "sealedkey"}  # fmt: skip


def words_of(source: str) -> Iterator[str]:
    """Yield every identifier and text of a module but its docstrings, in lower case."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id.lower()
        elif isinstance(node, ast.Attribute):
            yield node.attr.lower()
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name.lower()
        elif isinstance(node, ast.arg):
            yield node.arg.lower()
        elif isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield str(node.value).lower()


def banned_words(source: str) -> set[str]:
    return {banned for word in words_of(source) for banned in BANNED if banned in word}


def test_no_module_of_the_cloud_half_knows_keys() -> None:
    sources = [*(ROOT / "chalicelib").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    assert len(sources) > 100
    found = {str(path): words for path in sources if (words := banned_words(path.read_text()))}
    assert found == {}


@pytest.mark.parametrize(
    "source",
    ["raw_key: bytes = b''", "class SealedKey: pass", "call('/api/v1/keys/x/enc_keys')"],
)
def test_the_scan_can_fail(source: str) -> None:
    assert banned_words(source)


def test_no_schema_has_a_field_for_one() -> None:
    schemas = document("https://bi.example", "x")["components"]["schemas"]
    fields = {name for schema in schemas.values() for name in schema.get("properties", {})}
    assert not {name for name in fields if name.lower() in {"key", "keys", "secret"}}


def test_a_key_in_an_agents_answer_is_dropped() -> None:
    """An agent that leaks is not helped: only the members that are named are taken."""
    canary = "Q0FOQVJZLUtFWS1DQU5BUlk="
    leak = {"key": canary, "keys": [{"key_ID": "x", "key": canary}]}
    link = {"link_id": "l", "peer_kme_id": "b", "status": "ACTIVE", "source": "emulated",
            "length_km": 1, "qber": 0.03, "skr_bit_per_s": 1, "eskr_bit_per_s": 1,
            "expected_skr_bit_per_s": 1, "stored_key_count": 1, "max_key_count": 1,
            "key_size": 256, "alarms": [], **leak}  # fmt: skip
    sample = {"t": "2026-01-01T00:00:00+00:00", "qber": None, "skr": None, "eskr": None,
              "stock": 1, "consumed": 1, "source": "emulated", **leak}  # fmt: skip
    assert canary not in repr((observed_link(link), sample_of(json.loads(json.dumps(sample)))))
