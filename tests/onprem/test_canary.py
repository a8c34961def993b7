"""After a run with keys, no byte of them is found where it should not be."""

import base64
import subprocess
import sys
from dataclasses import replace

from infra.onprem import bench
from infra.onprem.lab import BACKEND
from tests.canary import Secret, files, leaks, shapes
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


def collect(lab):
    clients = {
        name: bench.client(lab, name, lab.sites[site].ports["sae"])
        for name, site in (("alice", 0), ("bob", 1), ("carol", 2))
    }
    keys, tokens, controls = [], [], bytearray()
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
        # never redeemed, and kept sealed for a repeated command
        admission = {"sae_id": "late"}
        answer = control.call("POST", "/v1/saes", admission, {"X-Command-ID": "late"})
        tokens.append(answer.body["token"].encode())
        for link in control.call("GET", "/v1/links").body["links"]:
            controls += control.call("GET", f"/v1/links/{link['link_id']}/samples").text.encode()
        control.close()
    for client in clients.values():
        client.close()
    return keys, tokens, bytes(controls)


def test_no_key_byte_leaks(tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    names = {"kme-a": ["alice"], "kme-b": ["bob"], "kme-c": ["carol"]}
    extra = {"agent": {"log_level": "DEBUG", "monitor_seconds": 0.3}}
    lab = make_world(tmp_path, names, extra=extra).lab
    with bench.running(lab):
        keys, tokens, answers = collect(lab)
        living = files("living", tmp_path)
    stopped = files("stopped", tmp_path)
    assert (len(set(keys)), len(set(tokens))) == (80, 3)
    secrets = [Secret("a key", key) for key in keys]
    assert leaks(secrets, {"answers": answers}) == []
    secrets += [Secret("a token", token) for token in tokens]
    for places in (living, stopped):
        assert any(place.endswith("agent.sqlite3") for place in places)
        assert any(place.endswith(".log") and content for place, content in places.items())
        assert leaks(secrets, places) == []


def test_every_shape_is_found():
    secret = Secret("it", bytes(range(200, 232)))
    for shape in shapes(secret.value):
        assert leaks([secret], {"place": b"before " + shape + b" after"}) == ["it in place"]
    assert leaks([secret], {"place": secret.value[:31]}) == []
    assert leaks([replace(secret, belongs=("pl",))], {"place": secret.value}) == []


def test_the_process_leaves_no_core():
    code = (
        "import resource; from infra.onprem.qkd_agent.hardening import harden_process; "
        "harden_process(); print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(0, 0)"
