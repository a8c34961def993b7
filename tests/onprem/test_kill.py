"""kill -9 in the middle of deliveries: no key is ever given twice."""

import threading
import uuid

import pytest

from infra.onprem import bench
from infra.onprem.qkd_agent.web.client import NoAnswer, NotSent
from tests.onprem.conftest import make_world

ENC, DEC = "/api/v1/keys/bob/enc_keys", "/api/v1/keys/alice/dec_keys"


def fetch(lab, key_ids, given, lock, started):
    """Ask for every key until the agent is gone; note each key that was given."""
    bob = bench.client(lab, "bob", lab.sites[1].ports["sae"])
    for number, key_id in enumerate(key_ids):
        if number == 20:
            started.set()
        try:
            answer = bob.call("POST", DEC, {"key_IDs": [{"key_ID": key_id}]})
        except (NoAnswer, NotSent):
            continue
        if answer.status == 200:
            with lock:
                given.append(key_id)
    started.set()
    bob.close()


@pytest.mark.timeout(100)
def test_no_key_is_given_twice(tmp_path):
    lab = make_world(tmp_path, {"kme-a": ["alice"], "kme-b": ["bob"]}).lab
    with bench.running(lab) as processes:
        alice = bench.client(lab, "alice", lab.sites[0].ports["sae"])
        container = alice.call("POST", ENC, {"number": 120}).body
        key_ids = [key["key_ID"] for key in container["keys"]]
        given, lock, started = [], threading.Lock(), threading.Event()
        fetching = threading.Thread(target=fetch, args=(lab, key_ids, given, lock, started))
        fetching.start()
        assert started.wait(60)
        with processes[1] as killed:
            killed.kill()
        fetching.join(timeout=60)
        processes[1] = bench.start(lab, 1)
        before = len(given)
        assert 20 <= before < 120
        fetch(lab, key_ids, given, lock, started)
        assert len(given) > before
        assert len(set(given)) == len(given)
        # at most the one delivery that the kill has hit is lost, never doubled
        assert len(given) >= 119

        with processes[0] as killed:
            killed.kill()
        processes[0] = bench.start(lab, 0)
        again = alice_keys(lab, 20)
        assert not {i for i, _ in again} & set(key_ids)
        assert not {k for _, k in again} & {key["key"] for key in container["keys"]}
        alice.close()
    rows = (tmp_path / "kme-b.log").read_text()
    assert "Traceback" not in rows


def alice_keys(lab, number):
    alice = bench.client(lab, "alice", lab.sites[0].ports["sae"])
    keys = alice.call("POST", ENC, {"number": number}).body["keys"]
    alice.close()
    assert all(uuid.UUID(key["key_ID"]) for key in keys)
    return [(key["key_ID"], key["key"]) for key in keys]
