import copy
import json
import logging
import pickle

import pytest
from cryptography.exceptions import InvalidTag

from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.keystore.held import (
    AlreadyUsed,
    HeldKeys,
    NewKeys,
    NotForThisSae,
    NotHeld,
)
from infra.onprem.qkd_agent.keystore.ledger import Batch, Ledger
from infra.onprem.qkd_agent.keystore.sealing import Sealer
from infra.onprem.qkd_agent.redaction import JsonFormatter, redact
from infra.onprem.qkd_agent.secret import SecretBytes

KEY = bytes(range(32))
ONE, TWO = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"


@pytest.mark.parametrize(
    "leak",
    [
        repr,
        str,
        lambda s: f"{s}",
        lambda s: f"{s!r}",
        lambda s: "%s" % s,  # noqa: UP031  # the old way must refuse too
        pickle.dumps,
        json.dumps,
        copy.copy,
        copy.deepcopy,
        hash,
    ],
)
def test_a_secret_refuses_to_be_shown(leak):
    with pytest.raises(TypeError):
        leak(SecretBytes(KEY))


def test_a_secret_is_wiped_and_compared():
    with SecretBytes(KEY) as secret:
        assert secret == SecretBytes(KEY)
        assert secret != SecretBytes(bytes(32))
        assert (secret == KEY) is False
        view = secret.view()
    assert bytes(view) == bytes(32)
    assert SecretBytes(KEY).xor(SecretBytes(KEY)) == SecretBytes(bytes(32))
    with pytest.raises(ValueError, match="as long"):
        SecretBytes(KEY).xor(SecretBytes(b"short"))


def test_logs_are_redacted():
    assert redact("key A" + "b" * 43 + "=") == "key [redacted]"
    assert redact(f"batch {ONE} failed") == f"batch {ONE} failed"
    with pytest.raises(ValueError, match=r"c{44}") as caught:
        int("c" * 44)
    info = (caught.type, caught.value, caught.tb)
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "k %s", ("d" * 64,), info)
    line = JsonFormatter().format(record)
    assert "cccc" not in line
    assert "dddd" not in line
    assert json.loads(line)["where"]


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "db.sqlite3")
    yield database
    database.close()


@pytest.fixture
def held(database, tmp_path):
    return HeldKeys(database, Sealer(tmp_path / "store.key"))


def add(held, *key_ids, saes=("bob",), expires_at=100.0):
    keys = [(key_id, SecretBytes(KEY)) for key_id in key_ids]
    held.add(NewKeys("alice", saes, "kme-a", expires_at, keys))


def test_a_key_is_taken_once_by_each_sae(held):
    add(held, ONE, saes=("bob", "bert"))
    assert held.take([ONE], "bob", "alice", 1.0) == [SecretBytes(KEY)]
    assert held.take([ONE], "bert", "alice", 1.0) == [SecretBytes(KEY)]
    with pytest.raises(NotHeld) as caught:
        held.take([ONE], "bob", "alice", 1.0)
    assert caught.value.replayed == [ONE]


@pytest.mark.parametrize(
    ("key_ids", "sae_id", "master", "now", "error"),
    [
        ([ONE, TWO], "bob", "alice", 1.0, NotHeld),
        ([ONE, ONE], "bob", "alice", 1.0, NotHeld),
        ([], "bob", "alice", 1.0, NotHeld),
        ([ONE], "bob", "mallory", 1.0, NotHeld),
        ([ONE], "bob", "alice", 100.0, NotHeld),
        ([ONE], "eve", "alice", 1.0, NotForThisSae),
        ([ONE, TWO], "eve", "alice", 1.0, NotForThisSae),
    ],
)
def test_a_refusal_takes_nothing(held, key_ids, sae_id, master, now, error):
    add(held, ONE)
    with pytest.raises(error):
        held.take(key_ids, sae_id, master, now)
    assert held.take([ONE], "bob", "alice", 1.0)


def test_void_says_what_it_did(held):
    add(held, ONE, TWO)
    held.take([TWO], "bob", "alice", 1.0)
    missing = "00000000-0000-0000-0000-000000000003"
    assert held.void([ONE, TWO, missing], "kme-a") == {
        ONE: "voided",
        TWO: "failed to void",
        missing: "key not present",
    }
    with pytest.raises(NotHeld):
        held.take([ONE], "bob", "alice", 1.0)


def test_only_the_sender_can_void(held):
    add(held, ONE)
    assert held.void([ONE], "kme-x") == {ONE: "key not present"}
    assert held.take([ONE], "bob", "alice", 1.0)


def test_an_id_is_never_held_twice(held):
    add(held, ONE)
    held.take([ONE], "bob", "alice", 1.0)
    with pytest.raises(AlreadyUsed):
        add(held, TWO, ONE)
    with pytest.raises(NotHeld):
        held.take([TWO], "bob", "alice", 1.0)


def test_expired_keys_are_dropped(held, database):
    add(held, ONE)
    held.prune(now=150.0, keep_seconds=100.0)
    assert database.rows("SELECT sealed FROM held")[0]["sealed"] is None
    held.prune(now=250.0, keep_seconds=100.0)
    assert not database.rows("SELECT * FROM held")


def test_sealed_keys_are_bound_to_their_name(tmp_path):
    sealer = Sealer(tmp_path / "store.key")
    sealed = sealer.seal(ONE, SecretBytes(KEY))
    assert KEY not in sealed
    assert Sealer(tmp_path / "store.key").open(ONE, sealed) == SecretBytes(KEY)
    with pytest.raises(InvalidTag):
        sealer.open(TWO, sealed)
    assert (tmp_path / "store.key").stat().st_mode & 0o077 == 0


def test_the_ledger_survives_and_ids_are_used_once(tmp_path):
    database = Database(tmp_path / "l.sqlite3")
    ledger = Ledger(database)
    done, lost = (Batch(n, "alice", ("bob",), (ONE,), 256, ("kme-b",)) for n in ("1", "2"))
    ledger.reserve(done, 1.0)
    ledger.reserve(lost, 1.0)
    ledger.delivered(done)
    ledger.use("link", [ONE], 1.0)
    database.close()
    database = Database(tmp_path / "l.sqlite3")
    ledger = Ledger(database)
    assert ledger.unfinished() == [lost]
    with pytest.raises(AlreadyUsed):
        ledger.use("link", [TWO, ONE], 2.0)
    ledger.use("link", [TWO], 2.0)
    database.close()


def test_a_failed_transaction_leaves_nothing(database):
    ledger = Ledger(database)

    def half():
        with database.transaction():
            ledger.use("link", [ONE], 1.0)
            ledger.use("link", [TWO, TWO], 1.0)

    with pytest.raises(AlreadyUsed):
        half()
    ledger.use("link", [ONE, TWO], 1.0)
