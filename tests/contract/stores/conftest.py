from collections.abc import Iterator

import pytest

from chalicelib.adapters.dynamodb.stores import Stores
from tests.contract.stores.backends import BACKENDS


@pytest.fixture(scope="module", params=BACKENDS)
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """The stores of each backend; tests share them, and tell their objects apart by fresh ids."""
    with BACKENDS[request.param]() as made:
        yield made
