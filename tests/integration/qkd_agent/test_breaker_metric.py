"""An agent that fails again and again is counted as left alone: once, and under its name."""

from __future__ import annotations

import json
import socket

import pytest

from chalicelib import bootstrap, metrics
from chalicelib.adapters.qkd_agent.breaker import FAILURES
from chalicelib.domain.errors import SiteUnreachable
from tests.fakes.metrics import FakeMetrics
from tests.integration.qkd_agent.faulty_agent import Certificates


@pytest.fixture
def counted(monkeypatch):
    fake = FakeMetrics()
    monkeypatch.setattr(bootstrap, "LoggedMetrics", lambda: fake)
    return fake


@pytest.fixture
def agent(monkeypatch, tmp_path, counted):  # noqa: ARG001 -- agents are built with it
    """An agent as the composition root makes it; nothing listens where it should be."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{closed.getsockname()[1]}"
        site = {"name": "kme-a", "control_url": url, "kme_url": url, "enrolment_url": url}
        files = Certificates(tmp_path).files
        for name, value in {
            "PUBLIC_URL": "https://bi.example.org",
            "STATE_MACHINE_ARN_PREFIX": "arn:",
            "QKD_AGENTS": json.dumps([site]),
            "QKD_AGENT_CA_FILE": files.ca,
            "QKD_AGENT_CERT_FILE": files.certificate,
            "QKD_AGENT_KEY_FILE": files.key,
        }.items():
            monkeypatch.setenv(name, value)
        bootstrap.reset()
        yield bootstrap.qkd_agents()["kme-a"]
    bootstrap.reset()


def test_the_breaker_is_counted_when_it_opens(agent, counted):
    for attempt in range(1, FAILURES + 3):
        with pytest.raises(SiteUnreachable):
            agent.links()
        assert counted.of(metrics.BREAKER_OPENS) == ([1] if attempt >= FAILURES else [])
    assert counted.dimensions_of(metrics.BREAKER_OPENS) == [{"Agent": "kme-a"}]
