"""What all unit tests share: a world in memory, and no way out of the process."""

from __future__ import annotations

import socket

import hypothesis
import pytest

from tests.fakes.world import World

hypothesis.settings.register_profile("unit", max_examples=50, deadline=None)
hypothesis.settings.load_profile("unit")


@pytest.fixture(scope="module", autouse=True)
def _no_connections():
    """Let no unit test reach anything: the fakes are enough."""

    def refuse(*_args):
        raise AssertionError("a unit test tried to connect")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield


@pytest.fixture
def world():
    return World()
