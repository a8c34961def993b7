"""The backend reaches a real agent through a real WireGuard, and only that agent's control face."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from chalicelib.adapters.qkd_agent.breaker import FAILURES, CircuitBreaker
from chalicelib.adapters.qkd_agent.transport import Bounds
from chalicelib.domain.errors import SiteUnreachable
from infra.local.tunnel.agents import PORTS
from infra.local.tunnel.wireguard import PORT, SIDES
from infra.local.tunnel.wires import AGENTS_HOST, INTERNET, LAN
from tests.integration.tunnel.capture import Capture
from tests.integration.tunnel.conftest import APPLICATION, reservation_on

pytestmark = pytest.mark.needs_tun
BOUNDS = Bounds(connect_seconds=1.0, total_seconds=3.0)
SLACK_SECONDS = 1.0


@pytest.fixture
def tunnel(wireguard):
    """Up on both sides, freshly."""
    for side in SIDES:
        wireguard.down(side)
        wireguard.up(side)
    return wireguard


@pytest.fixture
def watch(wireguard, wires, tmp_path):
    """The ping of the watch service, as it stands in its file."""
    command = wireguard.watch()
    process = wires.gateway.start(*command, log=tmp_path / "ping.log")
    yield
    process.terminate()
    process.wait(10)


@pytest.fixture
def cloud(wires, agents):
    """The backend in the cloud's namespace: `cloud(lambda agent: agent.links())`.

    For its breaker half a minute passes with each look: it never opens.
    """
    never_open = CircuitBreaker(count(step=31).__next__)
    agent = agents.client(agents.transport(BOUNDS, never_open))
    return lambda act: wires.cloud.call(lambda: act(agent))


def connects(host, port, seconds=1.0):
    def attempt():
        try:
            socket.create_connection((AGENTS_HOST, port), seconds).close()
        except OSError:
            return False
        return True

    return host.call(attempt)


def connects_at_last(host, port):
    """A tunnel that has just come up shakes hands first, and a busy machine takes its time."""
    return connects(host, port, 30.0)


def failure_of(cloud, act):
    began = time.monotonic()
    with pytest.raises(SiteUnreachable) as caught:
        cloud(act)
    assert time.monotonic() - began < BOUNDS.total_seconds + SLACK_SECONDS
    return str(caught.value)


def reached_again(cloud, seconds=40.0):
    """WireGuard shakes hands again after 5 s, or 15 s after data without an answer."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return cloud(lambda agent: agent.links())
        except SiteUnreachable:
            if time.monotonic() > deadline:
                raise


def test_everything_the_backend_does_goes_through(tunnel, wires, agents, cloud):
    wanted = reservation_on(agents.lab)
    with Capture(wires.gateway, INTERNET) as outside, Capture(wires.gateway, LAN) as inside:
        (link,) = cloud(lambda agent: agent.links())
        assert (link.id, link.peer) == (wanted.qkd_link_id, "kme-b")
        cloud(lambda agent: agent.reserve(wanted))
        token = cloud(lambda agent: agent.admit("lnk-1.a", "command-1"))
        assert token == cloud(lambda agent: agent.admit("lnk-1.a", "command-1"))
        assert cloud(lambda agent: agent.reservations())[0].application_id == APPLICATION
        since = datetime.now(UTC) - timedelta(hours=1)
        deadline = time.monotonic() + 20
        while not (samples := cloud(lambda agent: agent.samples(link.id, since))):
            assert time.monotonic() < deadline, "no sample"
        assert 0 < samples[-1].qber < 0.1
        assert cloud(lambda agent: agent.events(0)).cursor > 0
        cloud(lambda agent: agent.release(APPLICATION))
        cloud(lambda agent: agent.revoke("lnk-1.a"))
        assert cloud(lambda agent: agent.reservations()) == ()
    assert inside.saw("tcp", PORTS["control"]), "the capture sees what there is"
    assert inside.holds(b"kme-a"), "TLS says in clear whom it calls"
    assert outside.saw_only("udp", PORT), "nothing but WireGuard crosses the internet"
    assert not outside.holds(b"kme-a")
    assert token.encode() not in b"".join(outside.frames + inside.frames)


def test_the_same_without_the_tunnel_would_be_seen(wireguard, wires, agents):
    """The check above can fail: the same call in clear shows on the same wire."""
    for side in SIDES:
        wireguard.down(side)
    wires.bypass(is_open=True)
    try:
        with Capture(wires.gateway, INTERNET) as outside:
            wires.cloud.call(agents.client(agents.transport(BOUNDS)).links)
    finally:
        wires.bypass(is_open=False)
    assert outside.saw("tcp", PORTS["control"])
    assert outside.holds(b"kme-a")


def test_only_the_control_face_is_reachable(tunnel, wires, agents):
    assert connects_at_last(wires.cloud, PORTS["control"])
    for face in ("sae", "peer", "enrolment"):
        assert connects_at_last(wires.agents, PORTS[face]), "it listens, on the same address"
        assert not connects(wires.cloud, PORTS[face]), face


def test_each_gateway_keeps_the_other_faces_off_by_itself(tunnel, wires):
    hosts = {"cloud": wires.cloud, "lab": wires.gateway}
    for side, host in hosts.items():
        host.run("nft", "delete", "table", "inet", "slices_tunnel")
        assert connects_at_last(wires.cloud, PORTS["control"])
        assert not connects(wires.cloud, PORTS["sae"]), "the other one still holds"
        tunnel.load_firewall(side)
    for host in hosts.values():
        host.run("nft", "delete", "table", "inet", "slices_tunnel")
    assert connects_at_last(wires.cloud, PORTS["sae"]), (
        "without both nothing holds: the rules do it"
    )


def test_the_lab_opens_nothing_into_the_cloud(tunnel, wires):
    def listen():
        return socket.create_server(("10.80.1.10", 9999))

    def call():
        try:
            socket.create_connection(("10.80.1.10", 9999), 1).close()
        except OSError:
            return False
        return True

    with wires.cloud.call(listen):
        assert wires.cloud.call(call)
        assert not wires.agents.call(call)
        assert not wires.gateway.call(call)


def test_without_the_tunnel_the_call_fails(wireguard, cloud):
    for side in SIDES:
        wireguard.down(side)
    assert "the connection fails" in failure_of(cloud, lambda agent: agent.links())


@pytest.mark.parametrize("side", SIDES)
def test_a_crash_is_told_in_time_and_mends_itself(tunnel, watch, cloud, side):
    cloud(lambda agent: agent.links())
    tunnel.kill(side)
    assert "kme-a cannot be reached" in failure_of(cloud, lambda agent: agent.links())
    tunnel.up(side)
    assert reached_again(cloud)


def test_the_breaker_opens_and_closes(tunnel, wires, agents):
    now = [0.0]
    breaker = CircuitBreaker(lambda: now[0])
    agent = agents.client(agents.transport(BOUNDS, breaker))

    def links():
        return wires.cloud.call(agent.links)

    links()
    tunnel.kill("lab")
    for _ in range(FAILURES):
        with pytest.raises(SiteUnreachable, match=r"it does not answer|the connection fails"):
            links()
    with (
        Capture(wires.gateway, INTERNET) as outside,
        pytest.raises(SiteUnreachable, match="left alone"),
    ):
        links()
    assert not [frame for frame in outside.frames if len(frame) > 200], "nothing was sent"
    tunnel.up("lab")
    with pytest.raises(SiteUnreachable, match="left alone"):
        links()
    deadline = time.monotonic() + 20
    while True:
        now[0] += 30
        try:
            assert links()
            break
        except SiteUnreachable:
            assert time.monotonic() < deadline
    assert links(), "at once, without another wait"


def test_the_labs_key_can_be_changed(tunnel, cloud):
    before = tunnel.public_key("lab")
    assert cloud(lambda agent: agent.links())
    for side in ("lab", "cloud"):
        tunnel.down(side)
    tunnel.new_key("lab")
    tunnel.render()
    for side in ("lab", "cloud"):
        tunnel.up(side)
    assert reached_again(cloud)
    assert before not in tunnel.shown("cloud", "peers")
    assert tunnel.public_key("lab") in tunnel.shown("cloud", "peers")
