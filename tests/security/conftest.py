from __future__ import annotations

import pytest

from infra.local.issuer import Issuer
from tests.security.stub_server import stub_server


@pytest.fixture(scope="session")
def issuer():
    """One issuer for all who do not rotate its keys."""
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def stub():
    """A server that answers as told."""
    with stub_server() as stub:
        yield stub
