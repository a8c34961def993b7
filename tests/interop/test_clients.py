"""Third-party ETSI GS QKD 014 clients, as published, against two real agents over mutual TLS.

Once with the emulator behind the agents, once with two KMEs that they ask by ETSI GS QKD 014.
"""

import contextlib
import json
import subprocess
from pathlib import Path

import pytest

from infra.onprem import bench
from tests.onprem.conftest import make_world
from tests.onprem.device_world import KMES, device_world

PROGRAMS = Path(__file__).parents[2] / ".venv-interop" / "bin"
# The probe fetches dec_keys as the master and expects 404 for an unknown key_ID. The standard
# gives 401 to an SAE that the master has not named, and defines no 404.
CONTRADICTS_014 = {"dec_keys_roundtrip": "fail", "error_contract_404": "warn"}

ETSI_QKD_014_CLIENT = """
import json, sys
from etsi_qkd_014_client import QKD014Client
at_a, at_b, alice, bob, ca = json.loads(sys.argv[1])
master, slave = QKD014Client(at_a, *alice, ca), QKD014Client(at_b, *bob, ca)
status = master.get_status("bob")
one = master.get_key("bob")
same_one = slave.get_key_with_key_IDs("alice", [one[1].keys[0].key_id])
many = master.get_key("bob", number=5, size=512)
ids = [key.key_id for key in many[1].keys]
same_many = slave.get_key_with_key_IDs("alice", ids)
again = slave.get_key_with_key_IDs("alice", ids)
odd = master.get_key("bob", size=7)
print(json.dumps({
    "status": [status[0], status[1].key_size, status[1].source_kme_id],
    "codes": [one[0], same_one[0], many[0], same_many[0]],
    "same": [k.key for k in one[1].keys + many[1].keys]
            == [k.key for k in same_one[1].keys + same_many[1].keys],
    "again": [again[0], again[1].message],
    "odd": [odd[0], odd[1].message],
}))
"""


@pytest.fixture(scope="module", params=["emulator", "etsi014"])
def lab(request, tmp_path_factory):
    if not (PROGRAMS / "qkdsec").exists():
        pytest.skip("the third-party clients are not installed: make interop")
    directory = tmp_path_factory.mktemp("interop")
    with contextlib.ExitStack() as running:
        if request.param == "emulator":
            lab = make_world(directory, {"kme-a": ["alice"], "kme-b": ["bob"]}).lab
        else:
            kmes = make_world(tmp_path_factory.mktemp("kmes"), KMES)
            running.enter_context(bench.running(kmes.lab))
            lab = device_world(directory, kmes).lab
        running.enter_context(bench.running(lab))
        yield lab


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


def test_etsi_qkd_014_client(lab):
    at = [f"127.0.0.1:{site.ports['sae']}" for site in lab.sites]
    files = [[str(path) for path in lab.files(name)] for name in ("alice", "bob")]
    given = json.dumps([*at, *files, str(lab.kme_ca)])

    done = run(PROGRAMS / "python", "-c", ETSI_QKD_014_CLIENT, given)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "status": [200, 256, "kme-a"],
        "codes": [200] * 4,
        "same": True,
        "again": [400, "one or more keys specified are not found on KME"],
        "odd": [400, "size shall be a multiple of 8"],
    }


def test_the_conformance_probe_of_qkdsec(lab):
    certificate, key = lab.files("alice")
    url = f"https://127.0.0.1:{lab.sites[0].ports['sae']}"

    done = run(
        PROGRAMS / "qkdsec", "doctor", url, "--slave-sae-id", "bob", "--cert", certificate,
        "--key", key, "--ca-cert", lab.kme_ca, "--format", "json",
    )  # fmt: skip

    probes = {one["name"]: one["status"].lower() for one in json.loads(done.stdout)["results"]}
    assert len(probes) >= 10
    assert {name: s for name, s in probes.items() if s != "pass"} == CONTRADICTS_014


def test_the_status_command_of_qkdsec(lab):
    certificate, key = lab.files("alice")
    url = f"https://127.0.0.1:{lab.sites[0].ports['sae']}"

    done = run(
        PROGRAMS / "qkdsec", "status", url, "bob", "--cert", certificate, "--key", key,
        "--ca-cert", lab.kme_ca, "--json",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "kme-a" in json.loads(done.stdout).values()
