"""Fixtures that more than one kind of test uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.openstack.state import DEFAULT_STATE, State
from tests.fakes.api import Api


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API over stores in memory."""
    return Api(monkeypatch)


@pytest.fixture(scope="session")
def control_plane():
    """The real control plane, for every test that needs it.

    Taken from OPENSTACK_STATE or the default state, and started unless it runs; only what was
    started here is stopped. Not for several pytest workers: the first to finish would stop it for
    all.
    """
    state = State(Path(os.environ.get("OPENSTACK_STATE", DEFAULT_STATE)).resolve())
    if _command(state, "status").returncode == 0:
        yield state
        return
    installed = _command(state, "install")
    if installed.returncode:
        reason = " ".join(installed.stderr.partition("error: ")[2].split())
        pytest.skip(f"OpenStack cannot be installed here: {reason}")
    started = _command(state, "start")
    if started.returncode:
        pytest.fail(started.stderr)
    yield state
    _command(state, "stop")


def _command(state, action):
    return subprocess.run(
        [sys.executable, "-m", "infra.local.openstack", action, "--state", str(state.root)],
        capture_output=True,
        text=True,
        check=False,
    )
