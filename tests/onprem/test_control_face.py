import ast
import datetime as dt
import uuid
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from infra.onprem.lab import lab_uuid
from infra.onprem.qkd_agent import control_face
from infra.onprem.qkd_agent.web.client import JsonClient
from infra.onprem.qkd_agent.web.tls import Identity
from tests.onprem.conftest import wait_until

NODE = "/restconf/data/etsi-qkd-sdn-node:qkd_node"
TYPES = "etsi-qkd-node-types:"


def soon(seconds=3600):
    return (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)).isoformat()


def make_csr(name="x", key=None):
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    pem = request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    return pem, key


def as_sae(world, directory, pem, key, site=0):
    certificate, private_key = directory / "sae.pem", directory / "sae.key"
    certificate.write_text(pem)
    private_key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    identity = Identity(certificate, private_key, world.lab.kme_ca)
    url = f"https://127.0.0.1:{world.lab.sites[site].ports['sae']}"
    client = JsonClient(url, identity, "127.0.0.1")
    world.clients.append(client)
    return client


def test_the_node(world):
    node = world.control().call("GET", NODE).body["etsi-qkd-sdn-node:qkd_node"]
    assert node["qkdn_id"] == lab_uuid("kme-a")
    physical, virtual = node["qkd_links"]["qkd_link"]
    assert physical["qkdl_type"] == TYPES + "PHYS"
    assert physical["qkdl_status"] in (TYPES + "ACTIVE", TYPES + "PENDING", TYPES + "PASSIVE")
    assert physical["phys_channel_att"] == "4.200"
    assert virtual["qkdl_type"] == TYPES + "VIRT"
    assert "phys_perf" not in virtual.get("qkdl_performance", {})
    one = world.control().call("GET", f"{NODE}/qkd_links/qkd_link={physical['qkdl_id']}").body
    assert one["etsi-qkd-sdn-node:qkd_link"][0]["qkdl_id"] == physical["qkdl_id"]


def test_a_link_is_switched_off_and_on(pair):
    control, link_id = pair.control(), pair.lab.link_id(0)
    path = f"{NODE}/qkd_links/qkd_link={link_id}"
    body = {"etsi-qkd-sdn-node:qkd_link": [{"qkdl_enable": False}]}
    assert control.call("PATCH", path, body).status == 204
    shown = control.call("GET", path).body["etsi-qkd-sdn-node:qkd_link"][0]
    assert (shown["qkdl_enable"], shown["qkdl_status"]) == (False, TYPES + "PASSIVE")
    body = {"etsi-qkd-sdn-node:qkd_link": [{"qkdl_enable": True}]}
    assert control.call("PATCH", path, body).status == 204
    assert control.call("PATCH", path, {}).status == 400
    assert control.call("PATCH", path + "x", body).status == 404


def app_body(app_id, server="urn:sae:new-a", clients=("urn:sae:new-b",), **more):
    app = {
        "app_id": app_id,
        "server_app_id": server,
        "client_app_id": list(clients),
        "remote_qkdn_id": lab_uuid("kme-b"),
        "app_qos": {"min_bandwidth": 100, "ttl": 600},
        **more,
    }
    return {"etsi-qkd-sdn-node:qkd_app": [app]}


def test_applications(world):
    control, app_id = world.control(), str(uuid.uuid4())
    path = f"{NODE}/qkd_applications/qkd_app={app_id}"
    assert control.call("GET", path).status == 404
    assert control.call("PUT", path, app_body(app_id)).status == 201
    assert control.call("PUT", path, app_body(app_id)).status == 204
    assert control.call("POST", f"{NODE}/qkd_applications", app_body(app_id)).status == 409
    shown = control.call("GET", path).body["etsi-qkd-sdn-node:qkd_app"][0]
    assert shown["app_status"] == TYPES + "ON"
    expired = app_body(app_id, expiration_time=soon(-5))
    assert control.call("PUT", path, expired).status == 204
    shown = control.call("GET", path).body["etsi-qkd-sdn-node:qkd_app"][0]
    assert shown["app_status"] == TYPES + "OUT-OF-TIME"
    assert control.call("PUT", path, app_body(str(uuid.uuid4()))).status == 400
    elsewhere = app_body(app_id, remote_qkdn_id=str(uuid.uuid4()))
    assert control.call("PUT", path, elsewhere).status == 400
    assert control.call("DELETE", path).status == 204
    assert control.call("DELETE", path).status == 404
    names = [name for e in world.events() for name in e["ietf-restconf:notification"]]
    assert "etsi-qkd-sdn-node:sdqkdn_application_new" in names
    assert "etsi-qkd-sdn-node:sdqkdn_application_disconnected" in names


def test_two_vms_enrol_and_share_a_key_until_release(pair, tmp_path):
    """What the lifecycle of a link does, from reservation to release."""
    saes = {}
    for site, (name, folder) in enumerate((("vm-a", "1"), ("vm-b", "2"))):
        (tmp_path / folder).mkdir()
        control = pair.control(site)
        token = control.call("POST", "/v1/saes", {"sae_id": name}).body["token"]
        csr, key = make_csr()
        enrolment = {"sae_id": name, "csr": csr, "token": token}
        answer = pair.client("alice", site, "enrolment").call("POST", "/v1/enrolments", enrolment)
        assert answer.status == 201
        assert answer.body["ca"] == pair.lab.kme_ca.read_text()
        saes[name] = as_sae(pair, tmp_path / folder, answer.body["certificate"], key, site)
    enc, dec = "/api/v1/keys/vm-b/enc_keys", "/api/v1/keys/vm-a/dec_keys"
    assert saes["vm-a"].call("POST", enc, {}).status == 400  # enrolled, but without a link
    app_id = str(uuid.uuid4())
    path = f"{NODE}/qkd_applications/qkd_app={app_id}"
    body = app_body(app_id, "urn:sae:vm-a", ["urn:sae:vm-b"])
    assert pair.control().call("PUT", path, body).status == 201
    container = saes["vm-a"].call("POST", enc, {}).body
    key_id = container["keys"][0]["key_ID"]
    assert saes["vm-b"].call("GET", f"{dec}?key_ID={key_id}").body["keys"] == container["keys"]
    app = pair.control().call("GET", path).body["etsi-qkd-sdn-node:qkd_app"][0]
    assert app["app_statistics"]["statistics"][0]["consumed_bits"] == 256
    unfetched = saes["vm-a"].call("POST", enc, {}).body["keys"][0]["key_ID"]
    for site, name in enumerate(("vm-a", "vm-b")):
        assert pair.control(site).call("DELETE", f"/v1/saes/{name}").status == 204
    assert saes["vm-a"].call("POST", enc, {}).status == 401
    assert saes["vm-b"].call("GET", f"{dec}?key_ID={unfetched}").status == 401


def test_tokens_are_used_once_by_their_sae_in_time(world):
    control, enrol = world.control(), world.client("alice", 0, "enrolment")
    csr, _ = make_csr()

    def use(token, sae_id="one-time", csr=csr):
        body = {"sae_id": sae_id, "csr": csr, "token": token}
        return enrol.call("POST", "/v1/enrolments", body)

    def new_token():
        return control.call("POST", "/v1/saes", {"sae_id": "one-time"}).body["token"]

    token = new_token()
    first = use(token)
    assert first.status == 201
    assert use(token).body == first.body, "the answer may have been lost: the same key again"
    assert use(token, csr=make_csr()[0]).status == 401
    assert use("no-token").status == 401
    token = new_token()
    assert use(token, sae_id="another").status == 401
    assert use(token).status == 401
    token = new_token()
    with world.agents[0]._database.transaction() as connection:
        connection.execute("UPDATE tokens SET expires_at = 1 WHERE is_used = 0")
    assert use(token).status == 401
    token = new_token()
    assert control.call("DELETE", "/v1/saes/one-time").status == 204
    assert use(token).status == 401
    token = new_token()
    assert use(token, csr="no CSR").status == 400
    assert use(token).status == 401, "a bad CSR uses it up"
    token = new_token()
    assert use(token).status == 201
    assert control.call("DELETE", "/v1/saes/one-time").status == 204
    assert use(token).status == 401, "revoked: not even the same certificate again"


def test_signing_requests_that_are_refused(world):
    control = world.control()
    weak, _ = make_csr(key=rsa.generate_private_key(65537, 2048))
    good, _ = make_csr()
    body = good.splitlines()
    body[3] = body[3][:10] + ("A" if body[3][10] != "A" else "B") + body[3][11:]
    for csr in (weak, "no PEM", "", "\n".join(body)):
        answer = control.call("POST", "/v1/saes", {"sae_id": "x", "csr": csr})
        assert answer.status == 400
    for name in ("kme-b", "slices-backend", ""):
        assert control.call("POST", "/v1/saes", {"sae_id": name, "csr": good}).status == 400
    answer = control.call("POST", "/v1/saes", {"sae_id": "right", "csr": good})
    assert answer.status == 201
    certificate = x509.load_pem_x509_certificate(answer.body["certificate"].encode())
    assert certificate.subject.rfc4514_string() == "CN=right"
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lifetime < dt.timedelta(days=2)
    listed = control.call("GET", "/v1/saes").body["saes"]
    assert "right" in [sae["sae_id"] for sae in listed]


def test_a_command_has_one_effect(world):
    control, headers = world.control(), {"X-Command-ID": str(uuid.uuid4())}
    body = {"sae_id": "commanded"}
    first = control.call("POST", "/v1/saes", body, headers)
    second = control.call("POST", "/v1/saes", body, headers)
    assert first.body == second.body
    assert first.status == second.status == 201
    assert control.call("POST", "/v1/saes", {"sae_id": "other"}, headers).status == 409
    token = first.body["token"].encode()
    stored = b"".join(p.read_bytes() for p in world.lab.directory.rglob("agent.sqlite3*"))
    assert token not in stored
    assert control.call("POST", "/v1/saes", body, {"X-Command-ID": "x" * 65}).status == 400


def test_samples_events_and_alarms(pair):
    control, link_id = pair.control(), pair.lab.link_id(0)
    fault = {"link": link_id, "kind": "eve", "value": 0.2, "until": soon()}
    assert control.call("POST", "/v1/emulator/faults", fault).status == 201

    def eve_seen():
        answer = control.call("GET", f"/v1/links/{link_id}/samples").body
        return [s for s in answer["samples"] if "eve" in s["faults"]]

    sample = wait_until(eve_seen)[-1]
    assert sample["qber"] > 0.07
    assert sample["skr"] == 0
    assert sample["source"] == "emulated"
    assert sample.keys() == {"t", "qber", "skr", "eskr", "stock", "consumed", "source", "faults"}
    pair.agents[0].monitor.look()
    events = control.call("GET", "/v1/events?after=0").body
    kinds = {e["about"].get("kind"): e for e in events["events"]}
    assert kinds["qber_high"]["about"]["severity"] == "MAJOR"
    assert kinds["skr_zero"]["about"]["state"] == "raised"
    alarm = kinds["qber_high"]["ietf-restconf:notification"]["etsi-qkd-sdn-node:alarm"]
    assert alarm["link"]["qkdl_id"] == link_id
    rest = control.call("GET", f"/v1/events?after={events['cursor']}").body
    assert rest == {"events": [], "cursor": events["cursor"]}
    health = control.call("GET", "/v1/health").body
    assert health["status"] == "degraded"
    [link] = control.call("GET", "/v1/links").body["links"]
    assert {alarm["kind"] for alarm in link["alarms"]} >= {"qber_high", "skr_zero"}
    assert link["expected_skr_bit_per_s"] > 1e5
    for listed in control.call("GET", "/v1/emulator/faults").body["faults"]:
        control.call("DELETE", f"/v1/emulator/faults/{listed['fault_id']}")

    def recovered():
        pair.agents[0].monitor.look()
        return not pair.agents[0].alarms.active(link_id)

    wait_until(recovered)
    states = [e["about"]["state"] for e in pair.told("qber_high")]
    assert states == ["raised", "cleared"]


def test_cut_low_stock_clock_and_outage(pair):
    control, link_id, agent = pair.control(), pair.lab.link_id(0), pair.agents[0]
    for fault in (
        {"link": link_id, "kind": "cut"},
        {"kind": "clock", "value": 600},
        {"kind": "kme_down"},
    ):
        assert control.call("POST", "/v1/emulator/faults", {**fault, "until": soon()}).status == 201
    agent.monitor.look()
    with agent._database.transaction() as connection:
        connection.execute("UPDATE stocks SET bits = 10")
    agent.monitor.look()
    told = {e["about"].get("kind") for e in pair.events()}
    assert {"link_down", "stock_low", "clock_skew", "kme_down"} <= told
    names = [name for e in pair.events() for name in e["ietf-restconf:notification"]]
    assert "etsi-qkd-sdn-node:sdqkdn_link_down" in names
    assert control.call("GET", "/v1/health").body["clock_offset_seconds"] == pytest.approx(
        600, abs=1
    )
    answer = pair.sae("alice").call("GET", "/api/v1/keys/bob/status")
    assert (answer.status, answer.body["message"]) == (503, "the KME is down")


def test_a_certificate_that_ends_soon_is_told(tmp_path):
    from tests.onprem.conftest import make_world

    world = make_world(tmp_path, {"kme-a": ["alice"], "kme-b": ["bob"]})
    for path in world.lab.files("kme-a"):
        path.unlink()
    world.lab.certificate("ca", "kme-a", ["127.0.0.1"], seconds=5 * 86400)
    world.start()
    try:
        world.agents[0].monitor.look()
        assert world.told("certificate_expiring")[0]["about"]["severity"] == "MINOR"
    finally:
        world.stop()


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "eve", "value": 2, "link": "LINK"},
        {"kind": "loss", "value": -1, "link": "LINK"},
        {"kind": "eve", "value": 0.1},
        {"kind": "magic", "link": "LINK"},
        {"kind": "cut", "link": "LINK", "until": "tomorrow"},
        {},
    ],
)
def test_bad_faults(world, body):
    body = {"until": soon(), **body}
    if body.get("link"):
        body["link"] = world.lab.link_id(0)
    assert world.control().call("POST", "/v1/emulator/faults", body).status == 400


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=99999999"])
def test_bad_event_queries(world, query):
    assert world.control().call("GET", f"/v1/events?{query}").status == 400


def test_bad_sample_queries(world):
    path = f"/v1/links/{world.lab.link_id(0)}/samples"
    assert world.control().call("GET", f"{path}?since=yesterday").status == 400
    assert world.control().call("GET", f"{path}?step=x").status == 400
    assert world.control().call("GET", f"{path}?since=2026-01-01T00:00:00Z&step=60").status == 200
    assert world.control().call("GET", "/v1/links/none/samples").status == 404


def test_no_module_of_the_control_face_can_hold_a_key():
    """The rooms that hold keys are not even imported there."""
    forbidden = ("secret", "delivery", "keystore.held", "sae_face", "peer_face")
    for path in Path(control_face.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                name = node.module.removeprefix("infra.onprem.qkd_agent.")
                assert not name.startswith(forbidden), (path.name, name)
