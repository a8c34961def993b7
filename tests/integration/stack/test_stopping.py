"""Stopping a stack whose cloud lives on: VMs are released first, or named as left behind."""

from __future__ import annotations

import pytest

from infra.local.simulator.faults import Effect, Fault
from infra.local.stack import LocalStack, StackOptions
from tests.integration.stack.client import Experiment
from tests.integration.stack.conftest import VARIABLES


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
