"""The lab and the cloud on three namespaces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.services.qkd_ports import Reservation
from infra.local.tunnel import tools
from infra.local.tunnel.agents import LabAgents
from infra.local.tunnel.wireguard import WireGuard
from infra.local.tunnel.wires import Wires

APPLICATION = "7f1e0a52-0f0e-4d7b-9a53-0c8a2f3b4c5d"


def skip_unless(names):
    if reason := tools.why_not(names):
        pytest.skip(reason)


@pytest.fixture(scope="module")
def wires():
    skip_unless(tools.WIREGUARD)
    with Wires() as wires:
        yield wires


@pytest.fixture(scope="module")
def agents(wires, tmp_path_factory):
    agents = LabAgents(wires.agents, tmp_path_factory.mktemp("lab"))
    agents.start()
    yield agents
    agents.stop()


@pytest.fixture(scope="module")
def wireguard(wires, tmp_path_factory):
    """Down until a test wants it."""
    tunnel = WireGuard(wires, tmp_path_factory.mktemp("wireguard"), [LabAgents.service])
    yield tunnel
    for side in ("cloud", "lab"):
        tunnel.down(side)


def reservation_on(lab, seconds=3600.0):
    return Reservation(
        application_id=APPLICATION,
        qkd_link_id=lab.link_id(0),
        own_sae_id="lnk-1.a",
        far_sae_id="lnk-1.b",
        min_bandwidth_bit_per_s=1000,
        expires_at=datetime.now(UTC) + timedelta(seconds=seconds),
    )
