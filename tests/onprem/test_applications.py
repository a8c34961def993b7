"""Which application joins two SAEs, found by an index that outlives restarts."""

import json

import pytest

from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.registry.applications import Applications


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "db.sqlite3")
    yield database
    database.close()


def body(server, *clients):
    return {
        "server_app_id": f"urn:sae:{server}",
        "client_app_id": [f"urn:sae:{name}" for name in clients],
    }


def joined(applications, first, second):
    found = applications.joining(first, second)
    return found.app_id if found else None


def test_two_saes_are_joined_by_the_oldest_that_is_active(database):
    now = [0.0]
    applications = Applications(database, lambda: now[0])
    for at, (app_id, members, expires_at) in enumerate(
        [
            ("expiring", ["a", "b"], 10.0),
            ("later", ["b", "c", "a"], None),
            ("other", ["a", "d"], None),
            ("percent", ["x%20y", "a"], None),
        ]
    ):
        now[0] = float(at)
        assert applications.put(app_id, body(*members), expires_at)
    assert joined(applications, "a", "b") == joined(applications, "b", "a") == "expiring"
    now[0] = 10.0
    assert joined(applications, "a", "b") == "later"
    assert joined(applications, "c", "a") == "later"
    assert joined(applications, "b", "d") is None
    assert joined(applications, "a", "x y") == "percent"
    applications.consumed("later", 256)
    assert applications.joining("a", "b").consumed_bits == 256


def test_a_change_and_a_deletion_are_seen(database):
    applications = Applications(database, lambda: 0.0)
    applications.put("1", body("a", "b"), None)
    assert not applications.put("1", body("a", "c"), None)
    assert joined(applications, "a", "b") is None
    assert joined(applications, "a", "c") == "1"
    assert applications.get("1").body == body("a", "c")
    assert applications.delete("1")
    assert joined(applications, "a", "c") is None
    assert applications.get("1") is None


def test_a_store_without_the_index_gets_it(database):
    """As older versions of the agent have left it."""
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO applications (app_id, body, created_at) VALUES ('1', ?, 0)",
            (json.dumps(body("a", "b")),),
        )
    assert joined(Applications(database, lambda: 0.0), "a", "b") == "1"
    # and a second start changes nothing
    assert joined(Applications(database, lambda: 0.0), "b", "a") == "1"
