"""The tunnel's client against an agent that fails in every way."""

from __future__ import annotations

import socket
import time

import pytest
from msgspec.structs import replace

from chalicelib.adapters.qkd_agent.breaker import CircuitBreaker
from chalicelib.adapters.qkd_agent.transport import MAX_ANSWER_BYTES, Bounds, SiteTransport
from chalicelib.domain.errors import SiteRefused, SiteUnreachable
from tests.integration.qkd_agent.faulty_agent import Certificates, FaultyAgent, http

BOUNDS = Bounds(connect_seconds=0.5, total_seconds=1.0)
FINE = http(b'{"ok": true}')


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("lab"))


@pytest.fixture
def serve(certificates):
    agents = []

    def start(*answers, server=certificates, client=certificates, name="kme-a"):
        agent = FaultyAgent(server.server_context(), *answers).__enter__()
        agents.append(agent)
        return agent, SiteTransport(agent.url, name, client.files, bounds=BOUNDS)

    yield start
    for agent in agents:
        agent.__exit__()


def test_calls_share_a_connection(serve):
    agent, transport = serve(FINE)
    assert [transport.call("GET", "/x") for _ in range(5)] == [{"ok": True}] * 5
    assert agent.connections == 1


def test_the_environment_has_no_say(serve, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    _, transport = serve(FINE)
    assert transport.call("GET", "/x") == {"ok": True}


def test_a_refusal_is_told_in_the_agents_words(serve):
    _, transport = serve(http(b'{"message": "no such link"}', "400 Bad Request"))
    with pytest.raises(SiteRefused, match="kme-a refuses: no such link"):
        transport.call("PUT", "/x", {})


def test_what_is_gone_already_can_be_fine(serve):
    _, transport = serve(http(b'{"message": "there is no such SAE"}', "404 Not Found"))
    assert transport.call("DELETE", "/x", absent_is_fine=True) is None
    with pytest.raises(SiteRefused):
        transport.call("GET", "/x")


def test_a_kept_connection_that_died_is_replaced_once(serve):
    agent, transport = serve(FINE, "reset", FINE)
    transport.call("GET", "/x")
    assert transport.call("GET", "/x") == {"ok": True}
    assert len(agent.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [
        "reset",
        "close",
        "hang",
        http(b'{"ok": ', length=100),
        http(b'{"ok": '),
        http(b"<html>"),
        http(b"\xff\xfe"),
        http(b'{"message": "database is locked"}', "503 Service Unavailable"),
        http(b"<html>", "500 Internal Server Error"),
        ("trickle", http(b" " * 1000)),
        ("trickle", b"HTTP/1.1 200 OK\r\nX-A: " + b"x" * 1000),
        b"nonsense\r\n\r\n",
        http(b"[]", length=MAX_ANSWER_BYTES + 10) + b" " * (MAX_ANSWER_BYTES + 8),
    ],
    ids=["reset", "close", "hang", "truncated", "half-json", "html", "not-utf8", "503", "500",
         "slow-body", "slow-head", "nonsense", "too-large"],
)  # fmt: skip
def test_whatever_fails_is_unreachable_in_time(serve, answer):
    agent, transport = serve(answer)
    began = time.monotonic()
    with pytest.raises(SiteUnreachable, match="kme-a cannot be reached"):
        transport.call("GET", "/x")
    assert time.monotonic() - began < BOUNDS.total_seconds + 0.7
    assert len(agent.requests) <= 2


def test_nobody_listens(certificates):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    transport = SiteTransport(f"https://127.0.0.1:{port}", "kme-a", certificates.files)
    with pytest.raises(SiteUnreachable, match="connection fails"):
        transport.call("GET", "/x")


def test_a_black_hole(certificates):
    """A listener that never shakes hands: the kernel takes the connection, and nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        transport = SiteTransport(url, "kme-a", certificates.files, bounds=BOUNDS)
        began = time.monotonic()
        with pytest.raises(SiteUnreachable, match="in time"):
            transport.call("GET", "/x")
        assert time.monotonic() - began < 2


def test_a_server_of_another_ca(serve, tmp_path):
    _, transport = serve(FINE, server=Certificates(tmp_path))
    with pytest.raises(SiteUnreachable, match="not who it should be"):
        transport.call("GET", "/x")


def test_a_server_with_another_name(serve):
    agent, transport = serve(FINE, name="kme-b")
    with pytest.raises(SiteUnreachable, match="not who it should be"):
        transport.call("GET", "/x")
    assert agent.requests == []


def test_an_expired_server_certificate(serve, tmp_path):
    expired = Certificates(tmp_path, seconds=-60.0)
    agent, transport = serve(FINE, server=expired, client=expired)
    with pytest.raises(SiteUnreachable, match="not who it should be"):
        transport.call("GET", "/x")
    assert agent.requests == []


def test_missing_files_are_named(certificates, tmp_path):
    files = replace(certificates.files, ca=str(tmp_path / "gone.pem"))
    transport = SiteTransport("https://127.0.0.1:1", "kme-a", files)
    with pytest.raises(SiteUnreachable):
        transport.call("GET", "/x")


def test_after_five_failures_nothing_is_sent_for_half_a_minute(serve, certificates):
    now = [0.0]
    agent, _ = serve(http(b"{}", "500 Internal Server Error"))
    breaker = CircuitBreaker(lambda: now[0])
    transport = SiteTransport(agent.url, "kme-a", certificates.files, breaker, BOUNDS)

    def fails():
        with pytest.raises(SiteUnreachable) as caught:
            transport.call("GET", "/x")
        return str(caught.value)

    for _ in range(5):
        fails()
        now[0] += 5
    assert len(agent.requests) == 5
    assert "left alone" in fails()
    assert len(agent.requests) == 5
    now[0] += 30
    fails()
    assert len(agent.requests) == 6, "one try"
    assert "left alone" in fails()
    now[0] += 30
    agent.answers[:] = [FINE]
    assert transport.call("GET", "/x") == {"ok": True}
    assert transport.call("GET", "/x") == {"ok": True}


def test_failures_far_apart_open_nothing():
    now = [0.0]
    breaker = CircuitBreaker(lambda: now[0])
    for _ in range(20):
        breaker.failed()
        assert breaker.admits()
        now[0] += 10
