"""Fixtures that more than one kind of test uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.openstack.state import DEFAULT_STATE, State
from tests.fakes.api import Api

_USUAL_SECONDS = 120.0  # as `timeout` in pyproject.toml


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the modules first that may take longest: begun last, they would run alone at the end.

    Their limits of time tell, then whether they are marked as slow or run a whole stack; the order
    is otherwise left as it is.
    """
    lengths: dict[Path, tuple[float, bool]] = {}
    for item in items:
        limit = item.get_closest_marker("timeout")
        seconds = max(limit.args[0] if limit else 0, _USUAL_SECONDS)
        is_slow = item.get_closest_marker("slow") or "stack" in getattr(item, "fixturenames", ())
        length = (seconds, bool(is_slow))
        lengths[item.path] = max(length, lengths.get(item.path, length))
    items.sort(key=lambda item: lengths[item.path], reverse=True)


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
