"""Stopping a stack whose cloud lives on: VMs are released first, or named as left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from infra.local.simulator.faults import Effect, Fault
from infra.local.stack import LocalStack, StackOptions
from infra.onprem.agent_process import is_answering
from tests.integration.scripts.runner import REPOSITORY
from tests.integration.stack.client import Experiment, wait_until
from tests.integration.stack.conftest import VARIABLES

_HOLDER = """
import sys
from pathlib import Path
from infra.local.qkd import QKDLab
lab = QKDLab(Path(sys.argv[1]), Path(sys.argv[1]) / "guests")
lab.begin()
lab.wait()
print(lab.variables()["QKD_AGENTS"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def lasting(tmp_path, monkeypatch):
    """A stack with one VM in a cloud that outlives it."""
    monkeypatch.setattr("infra.local.clouds.SimulatedCloud.outlives_stack", True)
    options = StackOptions(
        state=tmp_path, boot_seconds=0.2, release_seconds=30, variables=VARIABLES
    )
    with LocalStack(options) as stack:
        Experiment(stack, "lasting", "lasting").up("vm", disk_image_id="cirros-like")
        yield stack


def test_vms_are_released_before_the_stack_ends(lasting):
    assert (lasting.options.state / "stack.json").exists()
    lasting.stop()
    assert lasting.left_behind == ()
    assert not any(lasting.simulator.snapshot())
    assert not (lasting.options.state / "stack.json").exists()


def test_what_cannot_be_released_is_named(lasting):
    object.__setattr__(lasting.options, "release_seconds", 2)
    lasting.simulator.faults.add(Fault(Effect.OUTAGE))
    lasting.stop()
    assert [resource.spec.friendly_name for resource in lasting.left_behind] == ["vm"]
    assert len(lasting.simulator.snapshot().servers) == 1


def test_the_agents_end_with_the_process_that_holds_them(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, tmp_path],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        agents = json.loads(holder.stdout.readline())
        ports = [urlsplit(agent["control_url"]).port for agent in agents]
        assert [is_answering(port) for port in ports] == [True, True]
        holder.kill()
    wait_until(lambda: not any(map(is_answering, ports)), "the end of both agents")
