"""Says once which stores the contract could not be run on."""

import pytest

from tests.contract.stores.backends import BACKENDS, OPTIONAL


@pytest.mark.parametrize("name", OPTIONAL)
def test_the_contract_runs_on_every_store_that_is_there(name: str) -> None:
    missing = OPTIONAL[name][1]
    if missing is not None:
        pytest.skip(missing)
    assert name in BACKENDS
