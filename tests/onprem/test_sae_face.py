"""ETSI GS QKD 014 V1.1.1, as a strict client sees it."""

import base64
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.onprem.qkd_agent.sae_face.requests import NOT_A_MULTIPLE, NOT_FOUND, NOT_MET, UNSUPPORTED

MORE = "additional_slave_SAE_IDs"
ENC, DEC = "/api/v1/keys/bob/enc_keys", "/api/v1/keys/alice/dec_keys"


@pytest.fixture(scope="module")
def alice(world):
    return world.sae("alice")


@pytest.fixture(scope="module")
def bob(world):
    return world.sae("bob")


def ids_of(container):
    return {"key_IDs": [{"key_ID": key["key_ID"]} for key in container["keys"]]}


def get_keys(alice, slave="bob", **body):
    answer = alice.call("POST", f"/api/v1/keys/{slave}/enc_keys", body)
    assert answer.status == 200, answer.message
    return answer.body


def is_error(answer, status, message=None):
    assert answer.status == status, answer.body
    assert isinstance(answer.body["message"], str)
    assert answer.body["message"]
    if message is not None:
        assert answer.body["message"] == message
    return True


def test_status(alice):
    status = alice.call("GET", "/api/v1/keys/bob/status").body
    names = ("source_KME_ID", "target_KME_ID", "master_SAE_ID", "slave_SAE_ID")
    assert [status[name] for name in names] == ["kme-a", "kme-b", "alice", "bob"]
    assert status["min_key_size"] <= status["key_size"] <= status["max_key_size"]
    assert 0 < status["stored_key_count"] <= status["max_key_count"]
    numbers = [value for value in status.values() if isinstance(value, int)]
    assert len(numbers) == 7
    assert all(0 <= number < 2**31 for number in numbers)
    assert status["status_extension"]["slices_source"] == "emulated"


def test_keys_are_the_same_at_both_ends_and_gone_then(alice, bob):
    container = get_keys(alice, number=3, size=512)
    assert len({key["key_ID"] for key in container["keys"]}) == 3
    assert all(len(base64.b64decode(key["key"])) == 64 for key in container["keys"])
    assert all(key["key_ID"] == str(uuid.UUID(key["key_ID"])) for key in container["keys"])
    assert container["key_container_extension"] == {"slices_source": "emulated"}
    answer = bob.call("POST", DEC, ids_of(container))
    assert answer.body["keys"] == container["keys"]
    assert is_error(bob.call("POST", DEC, ids_of(container)), 400, NOT_FOUND)


@pytest.mark.parametrize(
    ("method", "suffix", "body", "number", "bits"),
    [
        ("GET", "", None, 1, 256),
        ("GET", "?number=2&size=128", None, 2, 128),
        ("GET", "?size=64", None, 1, 64),
        ("POST", "", None, 1, 256),
        ("POST", "", {}, 1, 256),
        ("POST", "", {"number": 5}, 5, 256),
        ("POST", "", {"size": 4096, "unknown": [1]}, 1, 4096),
        ("POST", "", {"extension_optional": [{"vendor_x": 1}]}, 1, 256),
        ("POST", "", {"extension_mandatory": []}, 1, 256),
        ("POST", "", {"extension_mandatory": [{"slices_direct_only": True}]}, 1, 256),
    ],
)
def test_ways_to_ask(alice, method, suffix, body, number, bits):
    answer = alice.call(method, ENC + suffix, body)
    assert answer.status == 200
    assert [len(base64.b64decode(k["key"], validate=True)) * 8 for k in answer.body["keys"]] == [
        bits
    ] * number


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"number": True}, "number shall be an integer"),
        ({"number": 1.0}, "number shall be an integer"),
        ({"number": "1"}, "number shall be an integer"),
        ({"number": None}, "number shall be an integer"),
        ({"size": "256"}, "size shall be an integer"),
        ({MORE: "bert"}, "additional_slave_SAE_IDs shall be an array of strings"),
        ({MORE: [1]}, "additional_slave_SAE_IDs shall be an array of strings"),
        ({"extension_mandatory": {}}, "extension_mandatory shall be an array of objects"),
        ({"extension_optional": [1]}, "extension_optional shall be an array of objects"),
        ([], "the body is not a JSON object"),
        ({"extension_mandatory": [{"x_y": 1}]}, UNSUPPORTED),
        ({"extension_mandatory": [{"slices_direct_only": 3}]}, NOT_MET),
        ({"size": 255}, NOT_A_MULTIPLE),
        ({"size": 7}, NOT_A_MULTIPLE),
        ({"size": 32}, "size shall be from 64 to 4096 bits"),
        ({"size": 4104}, "size shall be from 64 to 4096 bits"),
        ({"size": -8}, "size shall be from 64 to 4096 bits"),
        ({"number": 0}, "number shall be from 1 to 1024"),
        ({"number": -1}, "number shall be from 1 to 1024"),
        ({"number": 1025}, "number shall be from 1 to 1024"),
        ({"number": 10**30}, "number shall be from 1 to 1024"),
        ({MORE: list("abcde")}, "additional_slave_SAE_IDs shall not be more than 4"),
        ({MORE: ["nobody"]}, "an additional slave SAE is unknown or not reachable"),
        ({"additional_slave_SAE_IDs": ["alice"]}, "the caller shall not be an additional slave"),
        # the order of the checks
        ({"number": "x", "extension_mandatory": [{"x": 1}]}, "number shall be an integer"),
        ({"extension_mandatory": [{"x": 1}], "size": 7}, UNSUPPORTED),
        ({"size": 7, "number": 0}, NOT_A_MULTIPLE),
        ({"number": 0, "additional_slave_SAE_IDs": ["nobody"]}, "number shall be from 1 to 1024"),
    ],
)  # fmt: skip
def test_bad_key_requests(alice, body, message):
    before = alice.call("GET", "/api/v1/keys/bob/status").body["stored_key_count"]
    assert is_error(alice.call("POST", ENC, body), 400, message)
    assert alice.call("GET", "/api/v1/keys/bob/status").body["stored_key_count"] >= before


@pytest.mark.parametrize(
    "query",
    ["?number=-1", "?number=1.0", "?number=", "?number=%D9%A1", "?number=1&number=2", "?x=1",
     "?extension_mandatory=1", "?number=99999999999", "?size=255"],
)  # fmt: skip
def test_bad_queries(alice, query):
    assert is_error(alice.call("GET", ENC + query), 400)


@pytest.mark.parametrize("slave", ["nobody", "alice", "%20", "b%2Fob", "x" * 200])
@pytest.mark.parametrize("method", ["status", "enc_keys"])
def test_unreachable_slaves(alice, slave, method):
    assert is_error(alice.call("GET", f"/api/v1/keys/{slave}/{method}"), 400)


def test_bodies_that_are_no_json(world):
    client = world.sae("alice")
    for raw in (b"{", b"\xff\xfe", b"[" * 100_000, b"nul"):
        response = client._pool.urlopen("POST", ENC, body=raw, retries=False)
        assert response.status == 400
        assert response.json()["message"]
        assert response.headers["Content-Type"] == "application/json"


def test_paths_methods_and_sizes(world):
    client = world.sae("alice")
    assert is_error(client.call("GET", "/"), 404)
    assert is_error(client.call("GET", "/api/v1/keys/bob"), 404)
    assert is_error(client.call("GET", "/api/v2/keys/bob/status"), 404)
    response = client._pool.urlopen("DELETE", ENC, retries=False)
    assert response.status == 405
    assert response.headers["Allow"] == "GET, POST"
    assert response.json()["message"]
    response = client._pool.urlopen("POST", ENC, body=b" " * (2 << 20), retries=False)
    assert response.status == 413
    assert response.json()["message"]


def test_key_routes_are_not_cached(world):
    client = world.sae("alice")
    for path in (ENC, ENC + "?size=7", "/api/v1/keys/bob/status"):
        response = client._pool.urlopen("GET", path, retries=False)
        assert response.headers["Cache-Control"] == "no-store"
        assert int(response.headers["Content-Length"]) == len(response.data)


def test_multicast_gives_one_delivery_to_each(world, alice, bob):
    bert, carol = world.sae("bert"), world.sae("carol")
    container = get_keys(alice, additional_slave_SAE_IDs=["bert", "carol", "bert"])
    for slave in (bob, bert, carol):
        assert slave.call("POST", DEC, ids_of(container)).body["keys"] == container["keys"]
        assert is_error(slave.call("POST", DEC, ids_of(container)), 400, NOT_FOUND)


def test_dec_keys_refuses_others_and_takes_nothing(world, alice, bob):
    container, other = get_keys(alice, number=2), get_keys(alice, "bert")
    both = {"key_IDs": ids_of(container)["key_IDs"] + ids_of(other)["key_IDs"]}
    assert is_error(bob.call("POST", DEC, both), 401)
    assert is_error(world.sae("bert").call("POST", DEC, ids_of(container)), 401)
    assert is_error(alice.call("POST", DEC, ids_of(container)), 401)
    unknown = {"key_IDs": [*ids_of(container)["key_IDs"], {"key_ID": str(uuid.uuid4())}]}
    assert is_error(bob.call("POST", DEC, unknown), 400, NOT_FOUND)
    wrong_master = "/api/v1/keys/carol/dec_keys"
    assert is_error(bob.call("POST", wrong_master, ids_of(container)), 400, NOT_FOUND)
    assert bob.call("POST", DEC, ids_of(container)).status == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"key_IDs": []}, NOT_FOUND),
        ({"key_IDs": [{"key_ID": "not-a-uuid"}]}, NOT_FOUND),
        ({"key_IDs": [{"key_ID": str(uuid.UUID(int=5))}]}, NOT_FOUND),
        ({}, "key_IDs shall be an array"),
        ({"key_IDs": ["x"]}, "each of key_IDs shall be an object with a key_ID"),
        ({"key_IDs": [{"key_ID": 7}]}, "each of key_IDs shall be an object with a key_ID"),
        ({"key_IDs": [{"key_ID": "x"}] * 1025}, "key_IDs shall not be more than 1024"),
    ],
)
def test_bad_key_ids(bob, body, message):
    assert is_error(bob.call("POST", DEC, body), 400, message)


def test_dec_keys_by_get_and_in_upper_case(alice, bob):
    key = get_keys(alice)["keys"][0]
    assert is_error(bob.call("GET", DEC), 400)
    assert is_error(bob.call("GET", f"{DEC}?key_ID={key['key_ID']}&x=1"), 400)
    answer = bob.call("GET", f"{DEC}?key_ID={key['key_ID'].upper()}")
    assert answer.body["keys"] == [key]


def test_unknown_members_are_ignored(alice, bob):
    key = get_keys(alice)["keys"][0]
    entry = {"key_ID": key["key_ID"], "master_SAE_ID": "alice", "key_ID_extension": {}}
    answer = bob.call("POST", DEC, {"key_IDs": [entry], "x": 1})
    assert answer.body["keys"][0]["key"] == key["key"]


def test_a_thousand_parallel_requests_give_one_success(world, alice):
    body = ids_of(get_keys(alice))
    clients = [world.sae("bob") for _ in range(8)]

    def ask(number):
        return clients[number % 8].call("POST", DEC, body).status

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(ask, range(1000)))
    assert statuses.count(200) == 1
    assert statuses.count(400) == 999


def test_a_replay_is_told(world, alice, bob):
    body = ids_of(get_keys(alice))
    bob.call("POST", DEC, body)
    before = len(world.told("replay_seen", site=1))
    bob.call("POST", DEC, body)
    assert len(world.told("replay_seen", site=1)) == before + 1


def test_an_sae_id_is_decoded_once(pair):
    """A slash, a space, a percent sign and letters of elsewhere in an SAE ID."""
    strange = "söme/sae %41"
    lab = pair.lab
    lab.certificate("sae-ca", strange)
    other = pair.agents[1]
    other._saes._static[strange] = "kme-b"
    pair.agents[0]._saes._static[strange] = "kme-b"
    alice, slave = pair.sae("alice"), pair.client(strange, 1)
    path = "/api/v1/keys/s%C3%B6me%2Fsae%20%2541"
    assert alice.call("GET", f"{path}/status").body["slave_SAE_ID"] == strange
    container = alice.call("POST", f"{path}/enc_keys", {}).body
    assert slave.call("POST", DEC, ids_of(container)).body["keys"] == container["keys"]


def test_short_stock_consumes_nothing(pair):
    alice = pair.sae("alice")
    for agent in pair.agents:
        link = next(iter(agent.topology.links.values()))
        link.south.enable(enabled=False)
        with agent._database.transaction() as connection:
            connection.execute("UPDATE stocks SET bits = 600")
    assert is_error(alice.call("POST", ENC, {"number": 3}), 503)
    assert alice.call("GET", "/api/v1/keys/bob/status").body["stored_key_count"] == 2
    assert alice.call("POST", ENC, {"number": 2}).status == 200
    assert is_error(alice.call("POST", ENC, {}), 503)
