"""What a delivery writes, and for what it waits: counted, not timed."""

import sqlite3
import uuid

import pytest

from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.keystore.held import HeldKeys, NewKeys
from infra.onprem.qkd_agent.keystore.key_ids import new_key_ids
from infra.onprem.qkd_agent.keystore.ledger import Batch, Ledger
from infra.onprem.qkd_agent.keystore.sealing import Sealer
from infra.onprem.qkd_agent.secret import SecretBytes
from tests.onprem.conftest import make_world
from tests.onprem.test_peers import enc

NOW = 1_800_000_000.0
PAGE_BYTES = 4096
FRAME_BYTES = PAGE_BYTES + 24


def test_ids_of_a_batch_are_random_uuids_that_begin_alike():
    first, second = new_key_ids(500), new_key_ids(500)
    assert len(set(first + second)) == 1000
    for text in first:
        value = uuid.UUID(text)
        assert str(value) == text
        assert (value.version, value.variant) == (4, uuid.RFC_4122)
    begins = [{text[:13] for text in batch} for batch in (first, second)]
    assert [len(begin) for begin in begins] == [1, 1]
    assert begins[0] != begins[1]
    assert len({text[19:] for text in first}) == 500


class Written:
    """What one transaction adds to the write-ahead log of a store, in pages."""

    def __init__(self, directory):
        self.database = Database(directory / "db.sqlite3")
        self.held = HeldKeys(self.database, Sealer(directory / "store.key"))
        self.ledger = Ledger(self.database)
        self.log = directory / "db.sqlite3-wal"

    def hold(self, key_ids):
        keys = [(key_id, SecretBytes(b"k" * 32)) for key_id in key_ids]
        with self.database.transaction():
            self.ledger.use("link kme-b", key_ids, NOW)
            self.held.add(NewKeys("alice", ["bob"], "kme-a", NOW, keys))

    def pages(self, key_ids):
        self.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        self.hold(key_ids)
        return self.log.stat().st_size // FRAME_BYTES


def unlike_ids(number):
    return [str(uuid.uuid4()) for _ in range(number)]


@pytest.mark.parametrize(("make", "least", "most"), [(new_key_ids, 1, 35), (unlike_ids, 150, 400)])
def test_a_batch_writes_few_pages_however_full_the_store_is(tmp_path, make, least, most):
    """IDs that are not alike are tried too, to show that the measure sees the difference."""
    written = Written(tmp_path)
    for _ in range(60):
        written.hold(make(200))
    pages = written.pages(make(100))
    written.database.close()
    assert least <= pages <= most


@pytest.fixture
def statements(tmp_path):
    """A store that tells its statements."""
    database = Database(tmp_path / "db.sqlite3")
    seen = []
    database._connection.set_trace_callback(seen.append)
    yield database, seen
    database.close()


def level(database):
    """Return the level of waiting: 1 NORMAL, 2 FULL."""
    return database.rows("PRAGMA synchronous")[0]["synchronous"]


def test_only_a_transaction_that_says_so_does_not_wait_for_the_disk(statements):
    database, seen = statements
    ledger = Ledger(database)
    batch = Batch(str(uuid.uuid4()), "alice", ("bob",), new_key_ids(2), 256, ("kme-b",))
    waits = {}

    def wait_of(name, step):
        seen.clear()
        step()
        [_] = [s for s in seen if s == "COMMIT"]
        waits[name] = level(database)

    wait_of("reserve", lambda: ledger.reserve(batch, NOW))
    wait_of("delivered", lambda: ledger.delivered(batch))
    wait_of("use", lambda: ledger.use("link", batch.key_ids, NOW))
    wait_of("burned", lambda: ledger.burned(batch))
    assert waits == {"reserve": 2, "delivered": 1, "use": 2, "burned": 2}


def test_a_failed_quick_transaction_does_not_make_the_next_one_quick(statements):
    database, _ = statements
    with pytest.raises(sqlite3.OperationalError), database.transaction(synced=False) as connection:
        connection.execute("nonsense")
    with database.transaction():
        assert level(database) == 2


def test_a_synced_part_cannot_hide_in_a_quick_whole(statements):
    database, _ = statements
    with (
        pytest.raises(RuntimeError, match="without the whole"),
        database.transaction(synced=False),
        database.transaction(),
    ):
        raise AssertionError("not reached")
    with database.transaction(), database.transaction(synced=False):
        assert level(database) == 2


def test_a_get_key_waits_for_the_disk_once_at_each_end(pair):
    alice = pair.sae("alice")
    # a call may fall on the end of a block and write samples besides
    waits = [waits_of(pair, lambda: enc(alice, "bob", number=100)) for _ in range(3)]
    assert [min(of_site) for of_site in zip(*waits, strict=True)] == [1, 1]


def test_each_site_of_a_relay_waits_for_the_disk_once(tmp_path):
    chain = make_world(tmp_path, {"kme-a": ["alice"], "kme-b": [], "kme-c": ["carol"]})
    chain.start()
    try:
        alice = chain.sae("alice")
        enc(alice, "carol")
        waits = [waits_of(chain, lambda: enc(alice, "carol", number=5)) for _ in range(3)]
    finally:
        chain.stop()
    assert [min(of_site) for of_site in zip(*waits, strict=True)] == [1, 1, 1]


def waits_of(world, step):
    """Return for each agent how often it waited for the disk because of a change."""
    commits = [[] for _ in world.agents]
    for agent, seen in zip(world.agents, commits, strict=True):
        database = agent._database

        def note(statement, database=database, seen=seen):
            words = statement.split()
            if words[0] in ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT"):
                seen.append((words[0], database._is_synced))

        database._connection.set_trace_callback(note)
    assert step().status == 200
    for agent in world.agents:
        agent._database._connection.set_trace_callback(None)
    return [synced_writes(seen) for seen in commits]


def synced_writes(seen):
    count, changed = 0, False
    for word, synced in seen:
        if word == "BEGIN":
            changed = False
        elif word == "COMMIT":
            count += changed and synced
        else:
            changed = True
    return count


def test_a_power_cut_that_undoes_a_delivery_burns_its_keys(pair):
    """`delivered` may be lost by a power cut; the batch is then as it was before."""
    alice, bob = pair.sae("alice"), pair.sae("bob")
    agent = pair.agents[0]
    fetched, waiting = [
        enc(alice, "bob", number=1).body["keys"][0]["key_ID"] for _ in ("fetched", "waiting")
    ]
    assert dec(bob, fetched) == 200
    with agent._database.transaction() as connection:
        connection.execute("UPDATE batches SET state = 'RESERVED'")
    agent._issuer.burn(agent._ledger.unfinished())
    assert not agent._ledger.unfinished()
    assert len(pair.told("keys_burned")) == 2
    assert dec(bob, fetched) == 400
    assert dec(bob, waiting) == 400


def dec(client, key_id):
    return client.call("GET", f"/api/v1/keys/alice/dec_keys?key_ID={key_id}").status
