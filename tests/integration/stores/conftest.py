from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.adapters.dynamodb.tables import Tables, create_tables, tables
from infra.local.aws import local_aws
from tests.contract.stores.backends import store_settings


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tables]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with local_aws():
        settings = store_settings()
        create_tables(settings)
        yield tables(settings)
