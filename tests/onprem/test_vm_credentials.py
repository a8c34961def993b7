"""The program that a VM gets: it enrols, stays there, and renews; run against a real agent."""

import json
import os
import shutil
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chalicelib.domain.enrolment import Enrolment, enrolment_script
from tests.onprem.test_control_face import make_csr
from tests.onprem.test_renewal import reserve

FETCH = Path(__file__).parents[2] / "examples" / "fetch-key.py"
STATUS = "/api/v1/keys/vm-b/status"


class Vm:
    """A directory that stands for the disk of a VM."""

    def __init__(self, root, world, token):
        ports = world.lab.sites[0].ports
        self.root, self.world = root, world
        self.link = root / "etc" / "slices-qkd" / "ab"
        enrolment = Enrolment(
            friendly_name="ab",
            link_id="link-1",
            sae_id="vm-a",
            peer_sae_id="vm-b",
            kme_url=f"https://127.0.0.1:{ports['sae']}",
            enrolment_url=f"https://127.0.0.1:{ports['enrolment']}",
            authority=world.lab.kme_ca.read_text(),
            token=token,
            key_size_bits=256,
        )
        self.script = root / "part.py"
        self.script.write_text(enrolment_script((enrolment,)))
        self.program = self.link.parent / "renew.py"

    def run(self, *command, check=True):
        (self.root / "bin").mkdir(exist_ok=True)
        variables = {
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "SLICES_QKD_DIRECTORY": str(self.link.parent),
            "https_proxy": "http://127.0.0.1:1",
        }
        done = subprocess.run(
            [sys.executable, *command],
            env=variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def pair(self):
        """Return certificate and key, after seeing that they fit and that the agent takes them."""
        files = self.link / "certificate.pem", self.link / "key.pem"
        ssl.create_default_context().load_cert_chain(*files)
        fetched = subprocess.run(
            [sys.executable, FETCH, self.link], capture_output=True, text=True, check=False
        )
        assert fetched.returncode == 0, fetched.stderr
        return tuple(file.read_text() for file in files)


@pytest.fixture
def vm(strict, tmp_path):
    root = tmp_path / "vm"
    (root / "etc").mkdir(parents=True)
    reserve(strict)
    admit_far_sae(strict)
    token = strict.control().call("POST", "/v1/saes", {"sae_id": "vm-a"}).body["token"]
    vm = Vm(root, strict, token)
    vm.token = token
    vm.run(str(vm.script))
    return vm


def admit_far_sae(world):
    csr, _ = make_csr()
    assert world.control(1).call("POST", "/v1/saes", {"sae_id": "vm-b", "csr": csr}).status == 201


def test_the_vm_enrols_and_renews(vm):
    first = vm.pair()
    assert (vm.link / "key.pem").stat().st_mode & 0o077 == 0
    link = json.loads((vm.link / "link.json").read_text())
    assert set(link) >= {"sae_id", "peer_sae_id", "kme_url", "key_size_bits"}

    assert vm.run(str(vm.program)).stdout == "", "it is not due"
    assert vm.pair() == first
    done = vm.run(str(vm.program), "--now")

    second = vm.pair()
    assert second[0] != first[0]
    assert second[1] != first[1]
    assert done.stdout == "slices-qkd: renewed ab\n"
    assert len(list(vm.link.glob("pair-*"))) == 1, "the old pair is gone"


def test_nothing_secret_stays_or_is_said(vm):
    vm.run(str(vm.program), "--now")
    vm.script.unlink()
    kept = [path.read_text() for path in vm.root.rglob("*") if path.is_file()]
    assert len(kept) > 5
    assert not [text for text in kept if vm.token in text]
    assert 'ENROLMENTS = "[]"' in vm.program.read_text()


def test_it_renews_when_about_a_third_is_left(vm):
    """The certificate lives a day; when it was stored tells how much of its life has gone."""
    first = vm.pair()
    certificate = vm.link / "certificate.pem"
    left = 86400
    for share_left, renews in ((0.45, False), (0.25, True)):
        stored = time.time() + left - left / share_left
        os.utime(certificate, (stored, stored))
        vm.run(str(vm.program))
        assert (vm.pair() != first) is renews


def test_it_enrols_once(vm):
    first = vm.pair()
    vm.run(str(vm.script))
    assert vm.pair() == first


def test_a_refusal_keeps_the_old_pair_and_says_why(vm):
    vm.pair()
    (vm.root / "certificate").write_text((vm.link / "certificate.pem").read_text())
    vm.world.control().call("DELETE", "/v1/saes/vm-a")
    done = vm.run(str(vm.program), "--now", check=False)
    assert done.returncode == 1
    assert done.stdout == "slices-qkd: renew failed: the QKD agent refuses with status 401\n"
    assert (vm.root / "certificate").read_text() == (vm.link / "certificate.pem").read_text()


LOADED = """
import importlib.util, os, signal, sys
spec = importlib.util.spec_from_file_location("credentials", sys.argv.pop(1))
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
"""
IMPATIENT = (
    LOADED
    + """
program.time.sleep = lambda seconds: print("pause", seconds)
sys.exit(program.main())
"""
)
KILLED = (
    LOADED
    + """
name, when, calls = sys.argv.pop(1), sys.argv.pop(1), int(sys.argv.pop(1))
real = getattr(program, name)
def deadly(*arguments):
    global calls
    calls -= 1
    if calls == 0 and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = real(*arguments)
    if calls == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
setattr(program, name, deadly)
sys.exit(program.main())
"""
)
POINTS = [
    ("new_pair", "before", 1), ("new_pair", "after", 1), ("post", "after", 1),
    ("install", "before", 1), ("point", "before", 1), ("point", "after", 1),
    ("point", "after", 2), ("point", "after", 3),
]  # fmt: skip


def test_kill_9_anywhere_leaves_a_pair_that_works(vm):
    for name, when, calls in POINTS:
        before = vm.pair()
        done = vm.run("-c", KILLED, str(vm.program), name, when, str(calls), "--now", check=False)
        assert done.returncode == -9, (name, when, calls)
        vm.pair()
        vm.run(str(vm.program), "--now")
        assert vm.pair() != before
    assert len(list(vm.link.glob("pair-*"))) == 1
    serials = vm.world.agents[0]._database.rows("SELECT COUNT(*) AS n FROM certificates")[0]["n"]
    assert serials <= 2 * len(POINTS) + 1, "a repeated request got the same certificate"


@pytest.mark.parametrize("point", [("post", "after", 1), ("point", "after", 1)])
def test_kill_9_in_the_enrolment(pair, tmp_path, point):
    root = tmp_path / "vm"
    (root / "etc").mkdir(parents=True)
    reserve(pair)
    admit_far_sae(pair)
    token = pair.control().call("POST", "/v1/saes", {"sae_id": "vm-a"}).body["token"]
    vm = Vm(root, pair, token)
    done = vm.run("-c", KILLED, str(vm.script), *map(str, point), check=False)
    assert done.returncode == -9
    vm.run(str(vm.script))
    vm.pair()


def test_an_agent_that_is_away_is_tried_again_and_then_left(vm):
    first = vm.pair()
    known = vm.link / "link.json"
    text = known.read_text()
    known.write_text(json.dumps({**json.loads(text), "kme_url": "https://127.0.0.1:9"}))
    done = vm.run("-c", IMPATIENT, str(vm.program), "--now", check=False)
    known.write_text(text)
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if "pause" in line][:3] == [
        "pause 1", "pause 2", "pause 4",
    ]  # fmt: skip
    assert done.stdout.endswith("renew failed: the QKD agent did not answer\n")
    assert vm.pair() == first


def test_a_timer_of_systemd(vm):
    units = vm.root / "etc" / "systemd" / "system"
    units.mkdir(parents=True)
    (vm.root / "run" / "systemd" / "system").mkdir(parents=True)
    stub = vm.root / "bin" / "systemctl"
    stub.write_text(f'#!/bin/sh\necho "$@" >> {vm.root}/called\n')
    stub.chmod(0o755)
    vm.run(str(vm.script))
    assert (vm.root / "called").read_text().splitlines() == [
        "daemon-reload",
        "enable --now slices-qkd-renew.timer",
    ]
    service = (units / "slices-qkd-renew.service").read_text()
    assert f"ExecStart={sys.executable} {vm.program}\n" in service
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze, which checks unit files, is not installed")
    files = [str(units / f"slices-qkd-renew.{kind}") for kind in ("service", "timer")]
    checked = subprocess.run(
        ["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False
    )
    assert "slices-qkd-renew" not in checked.stderr, checked.stderr


def test_cron_where_there_is_no_systemd(vm):
    (vm.root / "etc" / "cron.d").mkdir()
    vm.run(str(vm.script))
    line = (vm.root / "etc" / "cron.d" / "slices-qkd-renew").read_text()
    assert line.startswith(f"*/10 * * * * root {sys.executable} {vm.program} ")


def test_the_directory_of_a_former_link_is_made_anew(vm):
    first = vm.pair()
    token = vm.world.control().call("POST", "/v1/saes", {"sae_id": "vm-a"}).body["token"]
    text = vm.script.read_text()
    vm.script.write_text(text.replace("link-1", "link-2").replace(vm.token, token))
    vm.run(str(vm.script))
    assert vm.pair() != first
    assert json.loads((vm.link / "link.json").read_text())["link_id"] == "link-2"
