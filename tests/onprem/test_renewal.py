"""A VM outlives its certificate: it renews by showing the present one, with a fresh key."""

import itertools
import threading
import uuid

import pytest
from cryptography import x509

from infra.onprem import bench
from infra.onprem.lab import BACKEND
from infra.onprem.qkd_agent.web.client import NoAnswer, NotSent
from tests.onprem.conftest import make_world
from tests.onprem.test_control_face import NODE, app_body, as_sae, make_csr

RENEW = "/v1/renewals"
STATUS = "/api/v1/keys/vm-b/status"
_folders = itertools.count()


def reserve(world, app_id=None):
    """Reserve for vm-a and vm-b at the first site; return the path of the reservation."""
    app_id = app_id or str(uuid.uuid4())
    path = f"{NODE}/qkd_applications/qkd_app={app_id}"
    body = app_body(app_id, "urn:sae:vm-a", ["urn:sae:vm-b"])
    assert world.control().call("PUT", path, body).status == 201
    return path


def holder(world, answer, key):
    """Return a client that shows the certificate of an answer."""
    directory = world.lab.directory / f"holder-{next(_folders)}"
    directory.mkdir()
    return as_sae(world, directory, answer.body["certificate"], key)


def enrol(world, name="vm-a"):
    csr, key = make_csr()
    answer = world.control().call("POST", "/v1/saes", {"sae_id": name, "csr": csr})
    assert answer.status == 201
    return holder(world, answer, key)


def renewed(world, client):
    csr, key = make_csr()
    answer = client.call("POST", RENEW, {"csr": csr})
    assert answer.status == 201, answer.message
    return holder(world, answer, key)


def test_the_new_certificate_has_the_same_sae_id_and_the_old_one_works_for_a_grace(pair):
    reserve(pair)
    old = enrol(pair)
    csr, key = make_csr("another-name")

    answer = old.call("POST", RENEW, {"csr": csr})

    assert answer.status == 201
    certificate = x509.load_pem_x509_certificate(answer.body["certificate"].encode())
    assert certificate.subject.rfc4514_string() == "CN=vm-a"
    assert holder(pair, answer, key).call("GET", STATUS).body["master_SAE_ID"] == "vm-a"
    assert old.call("GET", STATUS).status == 200


def test_after_the_grace_only_the_new_certificate_works(strict):
    reserve(strict)
    old = enrol(strict)
    new = renewed(strict, old)
    assert old.call("GET", STATUS).status == 200, "the new one was not used: it may be lost"
    assert new.call("GET", STATUS).status == 200
    assert old.call("GET", STATUS).status == 401
    assert old.call("POST", RENEW, {"csr": make_csr()[0]}).status == 401
    assert renewed(strict, new).call("GET", STATUS).status == 200


def test_a_lost_answer_is_asked_for_again(pair):
    reserve(pair)
    old = enrol(pair)
    csr, _ = make_csr()
    first = old.call("POST", RENEW, {"csr": csr})
    assert old.call("POST", RENEW, {"csr": csr}).body == first.body
    assert old.call("POST", RENEW, {"csr": make_csr()[0]}).body != first.body


def test_one_sae_cannot_fill_the_store(pair):
    reserve(pair)
    old = enrol(pair)
    answers = [old.call("POST", RENEW, {"csr": make_csr()[0]}).status for _ in range(9)]
    assert answers == [201] * 7 + [429] * 2


def test_what_is_refused(pair):
    reserved = reserve(pair)
    enrolled = enrol(pair)
    assert pair.client("alice", 0).call("POST", RENEW, {"csr": make_csr()[0]}).status == 403
    for body in ({}, {"csr": "no PEM"}, {"csr": 1}, {"csr": "x" * 20000}):
        assert enrolled.call("POST", RENEW, body).status == 400
    csr, key = make_csr()
    answer = enrolled.call("POST", RENEW, {"csr": csr})
    assert holder(pair, answer, key).call("POST", RENEW, {"csr": csr}).status == 403, "same key"
    stranger = enrol(pair, "vm-without-a-link")
    assert stranger.call("POST", RENEW, {"csr": make_csr()[0]}).status == 403
    assert pair.control().call("DELETE", reserved).status == 204
    answer = enrolled.call("POST", RENEW, {"csr": make_csr()[0]})
    assert answer.status == 403
    assert "no reservation" in answer.message


def test_the_name_in_a_certificate_of_the_ca_is_not_enough(pair):
    reserve(pair)
    enrol(pair)
    pair.lab.certificate("sae-ca", "vm-a")  # the right name and CA, but not issued by the agent
    forged = pair.client("vm-a", 0)
    assert forged.call("POST", RENEW, {"csr": make_csr()[0]}).status == 401


def test_an_expired_certificate_is_refused(pair):
    pair.lab.certificate("sae-ca", "vm-late", seconds=-60)
    with pytest.raises((NoAnswer, NotSent)):
        pair.client("vm-late", 0).call("POST", RENEW, {"csr": make_csr()[0]})


def test_release_revokes_every_certificate_of_the_sae(pair):
    reserve(pair)
    first = enrol(pair)
    csr, _ = make_csr()
    chain = [first, renewed(pair, first)]
    chain.append(renewed(pair, chain[-1]))
    assert chain[-1].call("GET", STATUS).status == 200
    assert first.call("POST", RENEW, {"csr": csr}).status == 201

    assert pair.control().call("DELETE", "/v1/saes/vm-a").status == 204

    for client in chain:
        assert client.call("GET", STATUS).status == 401
        assert client.call("POST", RENEW, {"csr": make_csr()[0]}).status == 401
    assert first.call("POST", RENEW, {"csr": csr}).status == 401, "nor the answer of before"
    # Readmitted with a new token, the SAE is in again, its old certificates are not.
    again = enrol(pair)
    assert again.call("GET", STATUS).status == 200
    assert chain[-1].call("GET", STATUS).status == 401


def test_revocation_in_the_middle_of_renewals_leaves_no_certificate(pair):
    reserve(pair)
    clients = [enrol(pair) for _ in range(4)]
    csrs = [[make_csr() for _ in range(3)] for _ in clients]
    answers, started = [], threading.Barrier(5)

    def renew(client, own):
        started.wait(20)
        answers.extend((client.call("POST", RENEW, {"csr": csr}), key) for csr, key in own)

    threads = [
        threading.Thread(target=renew, args=pair_) for pair_ in zip(clients, csrs, strict=True)
    ]
    for thread in threads:
        thread.start()
    started.wait(20)
    assert pair.control().call("DELETE", "/v1/saes/vm-a").status == 204
    for thread in threads:
        thread.join(30)
    issued = [(answer, key) for answer, key in answers if answer.status == 201]
    assert len(answers) == 12
    assert {answer.status for answer, _ in answers} <= {201, 401, 429}
    assert all(holder(pair, *one).call("GET", STATUS).status == 401 for one in issued)
    assert pair.control().call("GET", "/v1/saes").body["saes"] == []


def test_an_alarm_tells_that_an_sae_has_not_renewed_in_time(pair):
    reserve(pair)
    client = enrol(pair)
    enrol(pair, "vm-without-a-link")
    agent = pair.agents[0]

    def alarms():
        agent.monitor.look()
        return {a.subject: a for a in agent.alarms.active() if a.kind == "certificate_expiring"}

    assert alarms() == {}
    with agent._database.transaction() as connection:
        connection.execute("UPDATE certificates SET expires_at = ?", (agent.clock() + 3600,))
    assert list(alarms()) == ["vm-a"], "an hour of a day is left, for an SAE with a link"
    assert alarms()["vm-a"].severity == "MINOR", "a major one would degrade the whole link"
    new = renewed(pair, client)
    assert new.call("GET", STATUS).status == 200
    assert alarms() == {}
    with agent._database.transaction() as connection:
        connection.execute("UPDATE certificates SET expires_at = ?", (agent.clock() - 1,))
    assert "has ended" in alarms()["vm-a"].message


@pytest.mark.timeout(100)
def test_kill_9_in_the_middle_of_renewals(tmp_path):
    """What was answered is good after the crash; what was not is asked for again."""
    world = make_world(tmp_path, {"kme-a": ["alice"], "kme-b": ["bob"]})
    with bench.running(world.lab) as processes:
        control = bench.client(world.lab, BACKEND, world.lab.sites[0].ports["control"])
        world.clients.append(control)
        world.control = lambda _site=0: control
        reserve(world)
        client = enrol(world)
        csrs, answered, started = [make_csr() for _ in range(7)], {}, threading.Event()

        def renew():
            for number, (csr, _) in enumerate(csrs):
                if number == 2:
                    started.set()
                try:
                    answered[number] = client.call("POST", RENEW, {"csr": csr})
                except (NoAnswer, NotSent):
                    continue

        renewing = threading.Thread(target=renew)
        renewing.start()
        assert started.wait(60)
        with processes[0] as killed:
            killed.kill()
        renewing.join(60)
        processes[0] = bench.start(world.lab, 0)

        assert len(answered) >= 2
        for number, (csr, _) in enumerate(csrs):
            again = client.call("POST", RENEW, {"csr": csr})
            assert again.status == 201
            if number in answered:
                assert again.body == answered[number].body
        assert holder(world, again, csrs[-1][1]).call("GET", STATUS).status == 200
        for one in world.clients:
            one.close()
    assert "Traceback" not in (tmp_path / "kme-a.log").read_text()
