"""One SQLite file per agent. A transaction that has ended is on the disk, unless it says else."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS stocks (
    link_id TEXT PRIMARY KEY, bits REAL NOT NULL, consumed_bits INTEGER NOT NULL,
    next_block INTEGER NOT NULL, pad_offset INTEGER NOT NULL DEFAULT 0,
    is_enabled INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS samples (
    link_id TEXT NOT NULL, at REAL NOT NULL, qber REAL, skr REAL, eskr REAL,
    stock_bits INTEGER, consumed_bits INTEGER, source TEXT NOT NULL, faults TEXT NOT NULL,
    PRIMARY KEY (link_id, at)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS used_ids (
    link_id TEXT NOT NULL, key_id TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (key_id, link_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
    batch_id TEXT PRIMARY KEY, initiator TEXT NOT NULL, targets TEXT NOT NULL,
    key_ids TEXT NOT NULL, size_bits INTEGER NOT NULL, state TEXT NOT NULL, at REAL NOT NULL,
    next_kmes TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS batches_by_state ON batches (state);
CREATE TABLE IF NOT EXISTS held (
    key_id TEXT NOT NULL, sae_id TEXT NOT NULL, master_id TEXT NOT NULL, from_kme TEXT NOT NULL,
    sealed BLOB, state TEXT NOT NULL, expires_at REAL NOT NULL,
    PRIMARY KEY (key_id, sae_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS passed_on (
    key_id TEXT PRIMARY KEY, from_kme TEXT NOT NULL, next_kme TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, name TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
    token_hash TEXT PRIMARY KEY, sae_id TEXT NOT NULL, expires_at REAL NOT NULL,
    is_used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS certificates (
    serial TEXT PRIMARY KEY, sae_id TEXT NOT NULL, expires_at REAL NOT NULL,
    is_revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS issued (
    serial TEXT PRIMARY KEY, sae_id TEXT NOT NULL, key_digest TEXT NOT NULL, pem TEXT NOT NULL,
    token_hash TEXT, used_at REAL);
CREATE UNIQUE INDEX IF NOT EXISTS issued_by_key ON issued (sae_id, key_digest);
CREATE TABLE IF NOT EXISTS revoked_saes (sae_id TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS applications (
    app_id TEXT PRIMARY KEY, body TEXT NOT NULL, created_at REAL NOT NULL,
    expires_at REAL, consumed_bits INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS application_saes (
    sae_id TEXT NOT NULL, app_id TEXT NOT NULL, PRIMARY KEY (sae_id, app_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commands (
    command_id TEXT PRIMARY KEY, digest TEXT NOT NULL, sealed_answer BLOB NOT NULL,
    at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS faults (
    fault_id TEXT PRIMARY KEY, link_id TEXT, kind TEXT NOT NULL, value REAL NOT NULL,
    from_at REAL NOT NULL, until_at REAL NOT NULL);
"""


class Database:
    """One connection, used by one thread at a time.

    Args:
        path: The file; it is made, readable by its owner only, if there is none.
    """

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._lock = threading.RLock()
        self._depth = 0
        self._is_synced = True
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        for setting in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            self._connection.execute(f"PRAGMA {setting}")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self, *, synced: bool = True) -> Iterator[sqlite3.Connection]:
        """Give the connection; all that happens inside is done on return, or nothing is.

        Inside another transaction of the same thread it becomes a part of that one.

        Args:
            synced: Wait until it is on the disk. Else it survives the end of this process, however
                it ends, but perhaps not a power cut; it reaches the disk with the next that is
                synced, and never without those before it.

        Raises:
            RuntimeError: If a synced one is begun inside one that is not.
        """
        with self._lock:
            if self._depth == 0:
                self._begin(synced=synced)
            elif synced and not self._is_synced:
                raise RuntimeError("a part cannot be synced without the whole")
            self._depth += 1
            try:
                yield self._connection
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def _begin(self, *, synced: bool) -> None:
        if synced != self._is_synced:
            self._connection.execute(f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")
            self._is_synced = synced
        self._connection.execute("BEGIN IMMEDIATE")

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows of a query that changes nothing."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
