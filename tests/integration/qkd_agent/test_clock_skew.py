"""A real agent whose clock is ten minutes off: the cloud is told, and nothing is lost."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.qkd_agent.client import HttpQKDAgent
from chalicelib.adapters.qkd_agent.transport import SiteTransport
from chalicelib.config_qkd import QKDFiles
from chalicelib.services.qkd_ports import Reservation
from infra.onprem import bench
from infra.onprem.agent_process import start_agent, stop_agents, wait_for_agent
from infra.onprem.lab import BACKEND, Lab

APPLICATION = "7f1e0a52-0f0e-4d7b-9a53-0c8a2f3b4c5d"
OFF_SECONDS = 600


@pytest.fixture(params=[OFF_SECONDS, -OFF_SECONDS, 0], ids=["ahead", "behind", "right"])
def skewed(request, tmp_path):
    """The backend's client of an agent, and the seconds that the agent's clock is ahead."""
    if shutil.which("faketime") is None:
        pytest.skip("a process with another clock: apt-get install faketime")
    sites = bench.make_sites({"kme-a": [], "kme-b": []})
    lab = Lab(tmp_path, sites, {"block_seconds": 1.0}, {})
    lab.create()
    process = start_agent(lab, 0, ("faketime", "-f", f"{request.param:+d}s"))
    certificate, key = lab.files(BACKEND)
    files = QKDFiles(str(lab.kme_ca), str(certificate), str(key))
    url = f"https://127.0.0.1:{sites[0].ports['control']}"
    try:
        wait_for_agent(lab, 0, process)
        agent = HttpQKDAgent(SiteTransport(url, "kme-a", files), str(lab.kme_ca))
        yield lab, agent, request.param
    finally:
        stop_agents([process])


def test_the_cloud_is_told_and_nothing_is_lost(skewed):
    lab, agent, off = skewed
    told = [one for one in agent.alarms() if one.kind == "clock_skew"]
    if off == 0:
        assert told == []
    else:
        (alarm,) = told
        assert alarm.subject == "kme-a"
        assert ("ahead of" if off > 0 else "behind") in alarm.message
        assert abs(int(alarm.message.split()[5]) - OFF_SECONDS) <= 30

    # The whole lease of one that ends before the agent's clock says it began.
    end = datetime.now(UTC) + timedelta(seconds=OFF_SECONDS / 2)
    link = lab.link_id(0)
    agent.reserve(Reservation(APPLICATION, link, "lnk-1.a", "lnk-1.b", 1000, end))
    assert [one.application_id for one in agent.reservations()] == [APPLICATION]
    token = agent.admit("lnk-1.a", "command-1")
    assert token == agent.admit("lnk-1.a", "command-1")

    deadline = time.monotonic() + 30
    begin = datetime.now(UTC) - timedelta(hours=1)
    while not (samples := agent.samples(link, begin)):
        assert time.monotonic() < deadline
    assert abs((samples[-1].at - datetime.now(UTC)).total_seconds() - off) < 60
    assert agent.events(0).cursor > 0
    agent.release(APPLICATION)
    agent.release(APPLICATION)
    assert agent.reservations() == ()
