"""examples/wireguard-psk.py rotates the key of a real tunnel with keys of two real agents."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra.local.tunnel import tools
from infra.local.tunnel.namespace import CommandFailed, Namespace, run
from infra.onprem.agent_process import start_agent, stop_agents
from infra.onprem.lab import Lab, Site

SCRIPT = Path(__file__).parents[3] / "examples" / "wireguard-psk.py"
FACES = ("sae", "peer", "control", "enrolment")
OUTSIDE = {"alice": "10.71.0.1", "bob": "10.71.0.2"}
INSIDE = {"alice": "10.72.0.1", "bob": "10.72.0.2"}
OTHER = {"alice": "bob", "bob": "alice"}
SAE_PORTS = {"alice": 8443, "bob": 8543}
NEEDED = ("ip", "wg", "wireguard-go")


def load():
    spec = importlib.util.spec_from_file_location("wireguard_psk", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wait_until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.05)


class Ends:
    """Two hosts with a wire, a WireGuard tunnel in it, and the agents of two sites."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.hosts = {name: Namespace(f"psk-{name}-{os.getpid()}") for name in OTHER}
        self.names = {name: f"wq{os.getpid() % 10**6}{name[0]}" for name in OTHER}
        self.public = {}
        self.agents = []

    def wire(self) -> None:
        one, other = self.hosts.values()
        run("ip", "link", "add", "eth0", "netns", one.name, "type", "veth",
            "peer", "name", "eth0", "netns", other.name)  # fmt: skip
        for name, host in self.hosts.items():
            host.run("ip", "address", "add", f"{OUTSIDE[name]}/24", "dev", "eth0")
            host.run("ip", "link", "set", "eth0", "up")

    def tunnel(self) -> None:
        for name, host in self.hosts.items():
            key = self.directory / f"{name}.wg"
            key.write_text(run("wg", "genkey"))
            self.public[name] = run("wg", "pubkey", given=key.read_text()).strip()
            self._carrier(name)
            host.run("wg", "set", self.names[name], "listen-port", "51820",
                     "private-key", str(key))  # fmt: skip
            host.run("ip", "address", "add", f"{INSIDE[name]}/24", "dev", self.names[name])
        for name, host in self.hosts.items():
            self.add_peer(name)
            host.run("ip", "link", "set", self.names[name], "up")

    def _carrier(self, name) -> None:
        log = self.directory / f"{name}.wireguard-go"
        self.hosts[name].start("wireguard-go", "-f", self.names[name], log=log)
        wait_until(lambda: Path(f"/var/run/wireguard/{self.names[name]}.sock").exists())

    def lab(self) -> None:
        """Both agents run at alice's host; each SAE calls its own one."""
        ports = [dict(zip(FACES, range(first, first + 4), strict=True)) for first in (8443, 8543)]
        sites = [
            Site("kme-a", ["alice"], ports[0], {"sae": OUTSIDE["alice"]}),
            Site("kme-b", ["bob"], ports[1], {"sae": OUTSIDE["alice"]}),
        ]
        lab = Lab(self.directory, sites, {"initial_stock_bits": 2560.0, "length_km": 150.0})
        lab.create()
        for index in range(len(sites)):
            self.agents.append(start_agent(lab, index, self.hosts["alice"].prefix))
        for name, far in OTHER.items():
            certificate, key = lab.files(name)
            link = self.directory / "links" / name
            link.mkdir(parents=True)
            for source, target in (
                (certificate, "certificate.pem"), (key, "key.pem"), (lab.kme_ca, "ca.pem"),
            ):  # fmt: skip
                shutil.copy(source, link / target)
            url = f"https://{OUTSIDE['alice']}:{SAE_PORTS[name]}"
            known = {"sae_id": name, "peer_sae_id": far, "kme_url": url}
            (link / "link.json").write_text(json.dumps(known))
            wait_until(lambda name=name: self.hosts["alice"].call(lambda: answers(name)))

    def end(self, name, role, *options):
        """Start the script of an end; its log is NAME.said."""
        return self.hosts[name].start(
            sys.executable, str(SCRIPT), role, str(self.directory / "links" / name),
            "--interface", self.names[name], "--peer", self.public[OTHER[name]],
            "--channel", f"{INSIDE['bob']}:7000", *options,
            log=self.directory / f"{name}.said",
        )  # fmt: skip

    def said(self, name):
        return (self.directory / f"{name}.said").read_text()

    def rotate(self, *options):
        """Change the key once; return the exit statuses of initiator and responder."""
        before = self.said("bob").count("ready") if (self.directory / "bob.said").exists() else 0
        responder = self.end("bob", "responder", "--once")
        wait_until(lambda: self.said("bob").count("ready") > before)
        initiator = self.end("alice", "initiator", "--once", *options)
        return initiator.wait(60), responder

    def psk(self, name):
        return self.hosts[name].run("wg", "show", self.names[name], "preshared-keys").split()[1]

    def handshake(self):
        """Take the peers away and back with the keys they have: traffic needs a new handshake."""
        for name in OTHER:
            psk = self.psk(name)
            self.wg(name, "peer", self.public[OTHER[name]], "remove")
            self.add_peer(name)
            program = load()
            program.Tunnel._wg = lambda _self, *arguments, given, host=name: run(
                *self.hosts[host].prefix, "wg", *arguments, given=given
            )
            program.Tunnel(self.names[name], self.public[OTHER[name]]).use(psk)

    def add_peer(self, name):
        far = OTHER[name]
        self.wg(name, "peer", self.public[far], "endpoint", f"{OUTSIDE[far]}:51820",
                "allowed-ips", f"{INSIDE[far]}/32")  # fmt: skip

    def wg(self, name, *arguments, given=None):
        run(*self.hosts[name].prefix, "wg", "set", self.names[name], *arguments, given=given)

    def pings(self):
        """Say whether TCP gets through the tunnel."""
        listening = self.hosts["bob"].call(lambda: socket.create_server((INSIDE["bob"], 7001)))
        with listening:
            try:
                self.hosts["alice"].call(
                    lambda: socket.create_connection((INSIDE["bob"], 7001), 4).close()
                )
            except OSError:
                return False
        return True

    def delete(self):
        stop_agents(self.agents)
        for host in self.hosts.values():
            host.delete()


def answers(name):
    try:
        socket.create_connection((OUTSIDE["alice"], SAE_PORTS[name]), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def ends(tmp_path):
    if reason := tools.why_not(NEEDED):
        pytest.skip(reason)
    ends = Ends(tmp_path)
    try:
        ends.wire()
        ends.tunnel()
        ends.lab()
        yield ends
    finally:
        ends.delete()


@pytest.mark.needs_tun
def test_the_tunnel_goes_on_with_a_qkd_key(ends):
    assert ends.pings()
    assert ends.psk("alice") == "(none)"

    status, responder = ends.rotate()

    assert (status, responder.wait(20)) == (0, 0), ends.said("alice") + ends.said("bob")
    first = ends.psk("alice")
    assert first == ends.psk("bob")
    assert len(first) == 44
    ends.handshake()
    assert ends.pings(), "a handshake with the new key"

    wrong = run("wg", "genpsk")
    ends.wg("bob", "peer", ends.public["alice"], "preshared-key", "/dev/stdin", given=wrong)
    ends.handshake()
    assert not ends.pings(), "one wrong key and nothing passes: the key is really used"
    text = ends.said("alice") + ends.said("bob")
    assert first not in text
    files = [path for path in ends.directory.rglob("*") if path.is_file()]
    assert not [path for path in files if first.encode() in path.read_bytes()]


@pytest.mark.needs_tun
def test_without_a_key_the_old_one_stays_and_the_alarm_is_said(ends):
    status, responder = ends.rotate()
    assert (status, responder.wait(20)) == (0, 0)
    kept = ends.psk("alice")
    ends.agents[1].kill()  # the far agent: no key can be shared
    status, responder = ends.rotate("--misses", "1")
    assert status == 1
    assert "the old key stays (1 missed): the KME answers 503" in ends.said("alice")
    assert "ALARM: no new key for 1 turns" in ends.said("alice")
    ends.agents[0].kill()
    assert ends.end("alice", "initiator", "--once").wait(60) == 1
    assert "the KME does not answer" in ends.said("alice")
    assert ends.psk("alice") == ends.psk("bob") == kept
    responder.terminate()
    responder.wait(20)
    ends.handshake()
    assert ends.pings()


@pytest.mark.needs_tun
def test_an_end_without_its_peer_keeps_the_key(ends):
    assert ends.end("alice", "initiator", "--once").wait(60) == 1
    assert "the peer does not answer" in ends.said("alice")
    assert ends.psk("alice") == "(none)"


@pytest.mark.needs_tun
def test_a_tunnel_that_is_not_there(ends):
    with pytest.raises(CommandFailed, match="has no peer"):
        ends.hosts["alice"].run(
            sys.executable, str(SCRIPT), "initiator", str(ends.directory / "links" / "alice"),
            "--interface", ends.names["alice"], "--peer", "x", "--channel", "10.72.0.2:7000",
        )  # fmt: skip


def test_the_derivation_is_hkdf_and_bound_to_the_key_and_both_ends():
    program = load()
    key = bytes(range(32))
    info = json.dumps(["slices-qkd wireguard psk", "id", "a", "b"]).encode()
    expected = HKDF(hashes.SHA256(), 32, None, info).derive(key)
    assert base64.b64decode(program.derive(key, "id", "a", "b")) == expected
    named = (("id", "a", "b"), ("ie", "a", "b"), ("id", "b", "a"), ("id", "a", "c"))
    others = {program.derive(key, *names) for names in named}
    assert len(others) == 4


class Wire:
    """A tunnel in memory, whose last handshake was long ago when told."""

    def __init__(self):
        self.key, self.dead = "old", False

    def psk(self):
        return self.key

    def use(self, psk):
        self.key = psk

    def is_dead(self):
        return self.dead


class OneKey:
    own, peer = "a", "b"

    def __init__(self):
        self.given = 0

    def new_key(self):
        self.given += 1
        return f"00000000-0000-0000-0000-00000000000{self.given}", bytes(32)


def test_a_lost_confirmation_keeps_both_keys_until_the_tunnel_tells(monkeypatch):
    """The peer may have either: while nothing passes, each is tried in turn."""
    program, wire = load(), Wire()
    keys = program.Keys("initiator", wire)
    initiator = program.Initiator(OneKey(), keys, ("", 0))

    def ask(what, _key_id):
        if what == "use":
            raise program.Missed("lost")

    monkeypatch.setattr(initiator, "_ask", ask)
    with pytest.raises(program.Missed):
        initiator.rotate()
    assert wire.key == "old"
    new = keys.other
    assert new not in (None, "old")
    keys._tried_at -= 60
    keys.revive()
    assert wire.key == "old", "the tunnel is alive"
    wire.dead = True
    keys.revive()
    assert (wire.key, keys.other) == (new, "old")
    keys.revive()
    assert wire.key == new, "each try has its time"
    keys._tried_at -= 60
    keys.revive()
    assert wire.key == "old"


def test_the_responder_takes_only_what_it_understands():
    program = load()
    responder = program.Responder(None, program.Keys("responder", Wire()))
    for line in (b"", b"[]", b"{}", b'{"prepare": 1}', b'{"x": "y"}', b"\xff", b'{"use": "no id"}'):
        assert "error" in responder.answer(line)
    unknown = json.dumps({"use": "00000000-0000-0000-0000-000000000001"}).encode()
    assert responder.answer(unknown) == {"error": "this key was not prepared"}


def test_help():
    done = subprocess.run(
        [sys.executable, SCRIPT, "--help"], capture_output=True, text=True, check=True
    )
    assert "--every" in done.stdout
