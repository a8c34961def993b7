"""After a run with keys, no byte of them is found where it should not be."""

import base64
import subprocess
import sys

from infra.onprem import bench
from infra.onprem.lab import BACKEND
from tests.onprem.conftest import make_world

CONTROL_PATHS = [
    "/restconf/data/etsi-qkd-sdn-node:qkd_node",
    "/restconf/data/etsi-qkd-sdn-node:qkd_node/qkd_links",
    "/restconf/data/etsi-qkd-sdn-node:qkd_node/qkd_applications",
    "/v1/links",
    "/v1/events?after=0&limit=1000",
    "/v1/saes",
    "/v1/emulator/faults",
    "/v1/health",
]


def shapes(key):
    for data in (key, key[::-1]):
        yield data
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(data).rstrip(b"=")
        yield data.hex().encode()
        yield data.hex().upper().encode()


def found(keys, text):
    return [key for key in keys for shape in shapes(key) if shape in text]


def collect(lab):
    clients = {
        name: bench.client(lab, name, lab.sites[site].ports["sae"])
        for name, site in (("alice", 0), ("bob", 1), ("carol", 2))
    }
    keys, controls = [], bytearray()
    for slave in ("bob", "carol"):
        for fetched in (True, False):
            body = {"number": 20, "size": 256}
            answer = clients["alice"].call("POST", f"/api/v1/keys/{slave}/enc_keys", body)
            keys += [base64.b64decode(k["key"]) for k in answer.body["keys"]]
            wanted = {"key_IDs": [{"key_ID": k["key_ID"]} for k in answer.body["keys"]]}
            for _ in range(2 if fetched else 0):  # the second time is refused
                clients[slave].call("POST", "/api/v1/keys/alice/dec_keys", wanted)
            controls += clients["alice"].call("POST", "/x", wanted).text.encode()
    for site in lab.sites:
        control = bench.client(lab, BACKEND, site.ports["control"])
        for path in CONTROL_PATHS:
            answer = control.call("GET", path)
            assert answer.status == 200
            controls += answer.text.encode()
        for link in control.call("GET", "/v1/links").body["links"]:
            controls += control.call("GET", f"/v1/links/{link['link_id']}/samples").text.encode()
        control.close()
    for client in clients.values():
        client.close()
    return keys, bytes(controls)


def test_no_key_byte_leaks(tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    names = {"kme-a": ["alice"], "kme-b": ["bob"], "kme-c": ["carol"]}
    extra = {"agent": {"log_level": "DEBUG", "monitor_seconds": 0.3}}
    lab = make_world(tmp_path, names, extra=extra).lab
    with bench.running(lab):
        keys, answers = collect(lab)
        live = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    stopped = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(keys) == len(set(keys)) == 80
    assert not found(keys, answers)
    for files in (live, stopped):
        assert any(path.name.startswith("agent.sqlite3") for path in files)
        assert any(path.suffix == ".log" and content for path, content in files.items())
        assert not [path for path, content in files.items() if found(keys, content)]


def test_the_scan_can_find():
    key = bytes(range(200, 232))
    for shape in shapes(key):
        assert found([key], b"before " + shape + b" after")


def test_the_process_leaves_no_core():
    code = (
        "import resource; from infra.onprem.qkd_agent.hardening import harden_process; "
        "harden_process(); print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(0, 0)"
