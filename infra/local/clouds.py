"""The OpenStack that the local stack builds on: the simulator, or the real control plane."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

from infra.local.openstack import lifecycle
from infra.local.openstack.clouds import TENANT_CLOUD
from infra.local.openstack.state import State
from infra.local.simulator import Simulator

CLOUDS = ("simulator", "openstack")


class Cloud(Protocol):
    """A cloud that can be started and stopped.

    `outlives_stack` says whether VMs stay when the stack ends.
    """

    kind: str
    cloud_name: str
    outlives_stack: bool

    def start(self) -> Path:
        """Start it if needed; return the clouds.yaml with which it is reached."""

    def stop(self) -> None:
        """Stop what `start` started."""

    @property
    def url(self) -> str:
        """Where its identity service answers."""


class SimulatedCloud:
    """The simulator, in this process; its VMs end with it."""

    kind = "simulator"
    cloud_name = "slices"
    outlives_stack = False

    def __init__(self, state: Path, boot_seconds: float) -> None:
        self.simulator = Simulator(boot_seconds=boot_seconds)
        self._clouds_yaml = state / "clouds.yaml"

    def start(self) -> Path:
        """Start it and write clouds.yaml."""
        self.simulator.start()
        return self.simulator.clouds_yaml(self._clouds_yaml).resolve()

    def stop(self) -> None:
        """Stop it."""
        self.simulator.stop()

    @property
    def url(self) -> str:
        """Where its identity service answers."""
        return self.simulator.auth_url


class RealCloud:
    """The real control plane; it is left running if it ran before, or is to be kept."""

    kind = "openstack"
    cloud_name = TENANT_CLOUD
    outlives_stack = True

    def __init__(self, *, keep: bool, state: Path) -> None:
        self._state = State(state.resolve())
        self._keep = keep
        self._was_started_here = False

    def start(self) -> Path:
        """Start it unless it runs; return its clouds.yaml."""
        self._was_started_here = lifecycle.start(self._state, None, _report)
        return self._state.clouds_file

    def stop(self) -> None:
        """Stop it if it was started here and is not to be kept."""
        if self._was_started_here and not self._keep:
            lifecycle.stop(self._state)

    @property
    def url(self) -> str:
        """Where its identity service answers."""
        return lifecycle.status(self._state).auth_url or ""


def make_cloud(
    kind: str, state: Path, *, boot_seconds: float, keep: bool, openstack_state: Path
) -> Cloud:
    """Return the cloud of this kind, not started."""
    if kind == "openstack":
        return RealCloud(keep=keep, state=openstack_state)
    return SimulatedCloud(state, boot_seconds)


def _report(line: str) -> None:
    sys.stderr.write(f"openstack: {line}\n")
