"""Fixtures that more than one kind of test uses."""

from __future__ import annotations

import pytest

from tests.fakes.api import Api


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API over stores in memory."""
    return Api(monkeypatch)
