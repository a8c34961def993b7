"""The product does with single-item writes and queries: any DynamoDB-compatible store serves."""

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_BANNED = re.compile(
    r"TransactWrite|TransactGet|transact_(?:write|get)_items|TransactionCanceled"
    r"|execute_(?:statement|transaction)|ExecuteStatement|dynamodbstreams|stream_view_type"
    r"|\.scan\("
)


def banned_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if _BANNED.search(line)]


def test_the_product_uses_no_transactions_streams_or_scans() -> None:
    sources = [path for room in ("chalicelib", "functions") for path in _sources(room)]

    assert sources
    assert {path: lines for path in sources if (lines := banned_lines(path.read_text()))} == {}


@pytest.mark.parametrize(
    "line",
    [
        "from pynamodb.transactions import TransactWrite",
        "client.transact_write_items(TransactItems=[])",
        "client.execute_statement(Statement='SELECT')",
        "boto3.client('dynamodbstreams')",
        "ResourceItem.scan()",
    ],
)
def test_the_ban_can_fail(line: str) -> None:
    assert banned_lines(line) == [line]


def _sources(room: str) -> list[Path]:
    return sorted((_ROOT / room).rglob("*.py"))
