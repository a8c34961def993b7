"""Agent to agent: acknowledgement before delivery, relay under one-time pads, voids, replays."""

import base64
import threading
import uuid

import pytest

from infra.onprem.qkd_agent.agent import Agent
from infra.onprem.qkd_agent.delivery import hop
from infra.onprem.qkd_agent.delivery.hop import HOP_EXTENSION, Neighbor
from infra.onprem.qkd_agent.monitor import Monitor
from tests.onprem.conftest import make_world, wait_until

DEC = "/api/v1/keys/alice/dec_keys"


def ids_of(container):
    return {"key_IDs": [{"key_ID": key["key_ID"]} for key in container["keys"]]}


def enc(client, slave, **body):
    return client.call("POST", f"/api/v1/keys/{slave}/enc_keys", body)


@pytest.fixture
def shipped(monkeypatch):
    """Every message between agents."""
    seen = []
    original = Neighbor.ship

    def ship(self, body):
        seen.append((self.kme_id, body))
        original(self, body)

    monkeypatch.setattr(Neighbor, "ship", ship)
    return seen


def test_over_a_direct_link_the_key_does_not_travel(world, shipped):
    container = enc(world.sae("alice"), "bob", number=2).body
    [(kme_id, body)] = shipped
    assert kme_id == "kme-b"
    assert [key["value"] for key in body["keys"]] == ["", ""]
    assert world.sae("bob").call("POST", DEC, ids_of(container)).body["keys"] == container["keys"]


def test_relay_wraps_each_hop_with_a_fresh_pad(world, shipped):
    status = world.sae("alice").call("GET", "/api/v1/keys/carol/status").body
    assert status["status_extension"]["slices_trusted_nodes"] == ["kme-b"]
    before = [consumed(world, site) for site in range(3)]
    container = enc(world.sae("alice"), "carol", number=4, size=512).body
    answer = world.sae("carol").call("POST", DEC, ids_of(container))
    assert answer.body["keys"] == container["keys"]
    assert [kme_id for kme_id, _ in shipped] == ["kme-b", "kme-c"]
    plain = [key["key"] for key in container["keys"]]
    hops = [[key["value"] for key in body["keys"]] for _, body in shipped]
    everything = [*plain, *hops[0], *hops[1]]
    assert len(set(everything)) == 12
    assert all(len(base64.b64decode(value)) == 64 for value in everything)
    after = [consumed(world, site) for site in range(3)]
    # each hop costs the length of the keys, at both of its ends
    assert [b - a for a, b in zip(before, after, strict=True)] == [2048, 4096, 2048]


def consumed(world, site):
    return sum(
        link.south.view().consumed_bits for link in world.agents[site].topology.links.values()
    )


def test_direct_only_refuses_a_relay(world):
    body = {"extension_mandatory": [{"slices_direct_only": True}]}
    answer = enc(world.sae("alice"), "carol", **body)
    assert answer.status == 400
    assert answer.body["message"] == "not all extension_mandatory request options could be met"


def test_the_far_agent_is_down(pair):
    pair.agents.pop().stop()
    alice = pair.sae("alice")
    answer = enc(alice, "bob")
    assert answer.status == 503
    assert pair.told("keys_burned")
    states = pair.agents[0]._database.rows("SELECT state FROM batches")
    assert [row["state"] for row in states] == ["BURNED"]
    for _ in range(5):
        assert enc(alice, "bob").status == 503
    pair.agents[0].monitor.look()
    assert pair.told("kme_unreachable")
    assert pair.control().call("GET", "/v1/health").body["breakers"]["kme-b"] == "open"


def test_a_lost_acknowledgement_voids_the_keys(pair, monkeypatch):
    original = hop.JsonClient.call

    def lossy(self, method, path, body=None, headers=None):
        answer = original(self, method, path, body, headers)
        if path == hop.EXT_KEYS:
            raise hop.NoAnswer("cut off")
        return answer

    monkeypatch.setattr(hop.JsonClient, "call", lossy)
    assert enc(pair.sae("alice"), "bob").status == 503
    rows = pair.agents[1]._database.rows("SELECT state, sealed FROM held")
    assert [(row["state"], row["sealed"]) for row in rows] == [("VOIDED", None)]


def test_an_unknown_sae_at_the_far_end(pair):
    pair.agents[0]._saes._static["ghost"] = "kme-b"
    answer = enc(pair.sae("alice"), "ghost")
    assert answer.status == 400
    assert "not known" in answer.body["message"]


def message_of(shipped):
    return shipped[-1][1]


def test_replayed_and_malformed_messages_are_refused(world, shipped):
    enc(world.sae("alice"), "bob")
    good = message_of(shipped)
    peer = world.client("kme-a", 1, "peer")
    before = len(world.told("replay_seen", site=1))
    answer = peer.call("POST", hop.EXT_KEYS, good)
    assert answer.status == 400
    assert {"type", "status", "title", "details", "message"} <= answer.body.keys()
    assert len(world.told("replay_seen", site=1)) == before + 1
    fresh = {**good, "keys": [{**good["keys"][0], "key_id": str(uuid.uuid4())}]}
    for changes in (
        {"keys": []},
        {"keys": [{"key_id": "x", "value": ""}]},
        {"keys": [{**fresh["keys"][0], "value": "AAAA"}]},
        {"keys": [{**fresh["keys"][0], "value": "!"}]},
        {"target_sae_ids": []},
        {"target_sae_ids": ["nobody"]},
        {"extension_mandatory": {}},
        {"extension_mandatory": {**good["extension_mandatory"], "E1_x": {}}},
        {"extension_mandatory": {HOP_EXTENSION: {**hop_of(good), "link_id": str(uuid.uuid4())}}},
        {"extension_mandatory": {HOP_EXTENSION: {**hop_of(good), "size_bits": 7}}},
        {"extension_mandatory": {HOP_EXTENSION: {**hop_of(good), "target_kme_id": "kme-c"}}},
        {"extension_mandatory": {HOP_EXTENSION: {**hop_of(good), "target_kme_id": "kme-a"}}},
        {"ack_callback_url": "https://127.0.0.1:1/kmapi/v1/ext_keys/ack"},
        {"ack_callback_url": "http://x"},
    ):
        answer = peer.call("POST", hop.EXT_KEYS, {**fresh, **changes})
        assert answer.status == 400, changes
        assert answer.body["message"]
    assert peer.call("POST", hop.EXT_KEYS, fresh).status == 200


def hop_of(body):
    return body["extension_mandatory"][HOP_EXTENSION]


def test_void_over_the_wire(world):
    container = enc(world.sae("alice"), "carol", number=2).body
    key_ids = [key["key_ID"] for key in container["keys"]]
    carol = world.sae("carol")
    assert carol.call("GET", f"{DEC}?key_ID={key_ids[0]}").status == 200
    body = {"key_ids": key_ids, "initiator_sae_id": "alice", "target_sae_ids": ["carol"]}
    acks = world.client("kme-a", 1, "peer").call("POST", hop.VOID, body).body
    found = {e["key_id"]: ack["ack_status"] for ack in acks for e in ack["key_id_container"]}
    assert found == {key_ids[0]: "failed to void", key_ids[1]: "voided"}
    assert carol.call("GET", f"{DEC}?key_ID={key_ids[1]}").status == 400


def test_asynchronous_acknowledgement(tmp_path):
    world = make_world(tmp_path, {"kme-a": ["alice"], "kme-b": ["bob"]})
    path = world.lab.configuration(0)
    url = f"https://127.0.0.1:{world.lab.sites[0].ports['peer']}"
    text = path.read_text()
    asynchronous = f'[[peers]]\nmode = "asynchronous"\ncallback_url = "{url}"\n'
    path.write_text(text.replace("[[peers]]\n", asynchronous))
    world.start()
    try:
        container = enc(world.sae("alice"), "bob").body
        answer = world.sae("bob").call("POST", DEC, ids_of(container))
        assert answer.body["keys"] == container["keys"]
        # an ack that nobody waits for, or of another KME, changes nothing
        ack = {
            "key_id_container": [{"key_id": str(uuid.uuid4())}],
            "ack_status": "relayed",
            "initiator_sae_id": "alice",
            "target_sae_ids": ["bob"],
        }
        assert world.client("kme-b", 0, "peer").call("POST", hop.ACK, [ack]).status == 200
        assert world.client("kme-b", 0, "peer").call("POST", hop.ACK, {}).status == 400
    finally:
        world.stop()


def test_a_restart_burns_what_was_on_its_way(pair):
    agent = pair.agents[0]
    with agent._database.transaction() as connection:
        connection.execute(
            "INSERT INTO batches VALUES ('b1', 'alice', '[\"bob\"]', ?, 256, 'RESERVED', 0, "
            "'[\"kme-b\"]')",
            ('["00000000-0000-0000-0000-00000000000a"]',),
        )
    agent._issuer.burn(agent._ledger.unfinished())
    wait_until(lambda: pair.told("keys_burned"))
    assert not agent._ledger.unfinished()


def test_a_start_burns_no_request_of_its_own(tmp_path, monkeypatch):
    """A request that comes before the burning is done is not taken for one that a crash has cut."""
    world = make_world(tmp_path, {"kme-a": ["alice"], "kme-b": ["bob"]})
    ready, may_go_on = threading.Event(), threading.Event()
    look, ship = Agent._run_background, Neighbor.ship

    def late(agent):
        assert may_go_on.wait(10)
        look(agent)

    def slow(neighbor, body):
        may_go_on.set()  # the batch is reserved and on its way
        assert ready.wait(10)
        ship(neighbor, body)

    monkeypatch.setattr(Agent, "_run_background", late)
    monkeypatch.setattr(Neighbor, "ship", slow)
    monkeypatch.setattr(Monitor, "run", lambda *_: ready.set())
    world.start()
    try:
        container = enc(world.sae("alice"), "bob", number=2).body
        answer = world.sae("bob").call("POST", DEC, ids_of(container))
        assert answer.body == {"keys": container["keys"]}
        assert not world.told("keys_burned")
    finally:
        ready.set()
        may_go_on.set()
        world.stop()
