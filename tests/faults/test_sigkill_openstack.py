"""The single kills around every change in the cloud, on the real control plane."""

from __future__ import annotations

import logging

import openstack
import pytest
from openstack.config import OpenStackConfig

from chalicelib import bootstrap
from infra.local.simulator import Snapshot
from infra.local.stack import LocalStack, StackOptions
from tests.faults.dynamodb_door import dynamodb_door
from tests.faults.killing import KillingFunctions
from tests.faults.reaper import Death, Point
from tests.faults.scenarios import RELEASE, REQUEST, RESET
from tests.faults.trials import Trials
from tests.faults.world import VARIABLES, World, alive

pytestmark = [
    pytest.mark.openstack,
    # The first test may have to install and to start everything.
    pytest.mark.timeout(900),
]

# Real services take their time; a step must not outlive its lease here either.
_VARIABLES = {**VARIABLES, "LEASE_SECONDS": "12", "STALL_SECONDS": "30"}
_MOMENTS = ("before", "after")
_CHANGES = [
    (
        REQUEST,
        [
            ("ensure_network", "port 0 created"),
            ("ensure_network", "port 1 created"),
            ("ensure_server", "server created"),
            ("ensure_public_address", "floating ip created"),
        ],
    ),
    (RESET, [("reboot_server", "server rebooted")]),
    (
        RELEASE,
        [
            ("remove_server", "server deleted"),
            ("remove_network", "floating ip deleted"),
            ("remove_network", "port deleted"),
        ],
    ),
]


@pytest.fixture(scope="module")
def outcomes(control_plane, tmp_path_factory):
    logging.getLogger("chalicelib").setLevel(logging.CRITICAL)
    options = StackOptions(
        cloud="openstack",
        state=tmp_path_factory.mktemp("faults"),
        openstack_state=control_plane.root,
        run_schedules=False,
        variables=_VARIABLES,
    )
    with LocalStack(options) as stack:
        world = World(stack, bootstrap.backend(), lambda: _look(stack.addresses.clouds_yaml))
        with dynamodb_door() as url, alive(world, KillingFunctions(world, url).around):
            trials = Trials(world, at_once=3)
            yield {
                scenario.name: trials.run(
                    scenario,
                    [
                        (Death(Point(step, change, 1), moment),)
                        for step, change in changes
                        for moment in _MOMENTS
                    ],
                )
                for scenario, changes in _CHANGES
            }
    logging.getLogger("chalicelib").setLevel(logging.NOTSET)


@pytest.mark.parametrize("name", [scenario.name for scenario, _ in _CHANGES])
def test_a_killed_step_does_no_harm(outcomes, name):
    assert not outcomes[name].wrong, "\n".join(outcomes[name].wrong)


def _look(clouds_yaml: str) -> Snapshot:
    """Return what the services themselves show, in their own words."""
    config = OpenStackConfig(config_files=[clouds_yaml], load_envvars=False)
    with openstack.connection.Connection(config=config.get_one("slices")) as cloud:
        return Snapshot(
            cloud.compute.get("/servers/detail").json()["servers"],
            cloud.network.get("/ports").json()["ports"],
            cloud.network.get("/floatingips").json()["floatingips"],
        )
