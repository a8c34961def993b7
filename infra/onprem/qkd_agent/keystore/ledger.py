"""The ledger of what this KME sent away: which keys, to whom, and how it ended."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.keystore.held import AlreadyUsed


class BatchState(StrEnum):
    """How far a batch came. A batch that is RESERVED at a start of the agent is burned."""

    RESERVED = "RESERVED"
    DELIVERED = "DELIVERED"
    BURNED = "BURNED"


@dataclass(frozen=True)
class Batch:
    """The keys of one Get key request. It holds no key bytes."""

    batch_id: str
    initiator: str
    targets: tuple[str, ...]
    key_ids: tuple[str, ...]
    size_bits: int
    next_kmes: tuple[str, ...]


class Ledger:
    """Batches, key IDs that were ever used, and keys that were passed on for others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def together(self, *, when: bool) -> Iterator[None]:
        """Store all that happens inside at once, or nothing of it, if wanted."""
        if not when:
            yield
            return
        with self._database.transaction():
            yield

    def reserve(self, batch: Batch, at: float) -> None:
        """Write down a batch before anything of it leaves."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    batch.batch_id,
                    batch.initiator,
                    json.dumps(batch.targets),
                    json.dumps(batch.key_ids),
                    batch.size_bits,
                    BatchState.RESERVED,
                    at,
                    json.dumps(batch.next_kmes),
                ),
            )

    def delivered(self, batch: Batch) -> None:
        """Write down that a batch goes to its initiator.

        A crash of the agent does not undo it, a power cut may: then the batch is unfinished and
        gets burned, which is the right end of a delivery that nobody can vouch for. No key can
        be given twice by it, for a batch is never delivered from here.
        """
        self._settle(batch, BatchState.DELIVERED, synced=False)

    def burned(self, batch: Batch) -> None:
        """Write down that a batch is burned."""
        self._settle(batch, BatchState.BURNED, synced=True)

    def _settle(self, batch: Batch, state: BatchState, *, synced: bool) -> None:
        with self._database.transaction(synced=synced) as connection:
            connection.execute(
                "UPDATE batches SET state = ? WHERE batch_id = ?", (state, batch.batch_id)
            )

    def forget(self, batch: Batch) -> None:
        """Drop a batch of which nothing was taken or sent."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM batches WHERE batch_id = ?", (batch.batch_id,))

    def unfinished(self) -> list[Batch]:
        """Return the batches whose outcome is not known: after a crash, these are burned."""
        rows = self._database.rows("SELECT * FROM batches WHERE state = ?", BatchState.RESERVED)
        return [
            Batch(
                batch_id=row["batch_id"],
                initiator=row["initiator"],
                targets=tuple(json.loads(row["targets"])),
                key_ids=tuple(json.loads(row["key_ids"])),
                size_bits=row["size_bits"],
                next_kmes=tuple(json.loads(row["next_kmes"])),
            )
            for row in rows
        ]

    def use(self, link_id: str, key_ids: Sequence[str], at: float) -> None:
        """Mark the key IDs of a link as used, all or none.

        Raises:
            AlreadyUsed: If one of them was used on this link before.
        """
        try:
            with self._database.transaction() as connection:
                connection.executemany(
                    "INSERT INTO used_ids VALUES (?, ?, ?)",
                    [(link_id, key_id, at) for key_id in key_ids],
                )
        except sqlite3.IntegrityError as error:
            raise AlreadyUsed("a key ID was used before") from error

    def pass_on(self, key_ids: Sequence[str], from_kme: str, next_kme: str, at: float) -> None:
        """Remember where keys went that this KME relays, so that they can be voided there."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO passed_on VALUES (?, ?, ?, ?)",
                [(key_id, from_kme, next_kme, at) for key_id in key_ids],
            )

    def next_kme(self, key_id: str, from_kme: str) -> str | None:
        """Return where a key that came from a KME was passed on to."""
        rows = self._database.rows(
            "SELECT next_kme FROM passed_on WHERE key_id = ? AND from_kme = ?", key_id, from_kme
        )
        return str(rows[0]["next_kme"]) if rows else None

    def prune(self, before: float) -> None:
        """Forget what is older than a time; the keys of that time have long expired."""
        with self._database.transaction() as connection:
            for table in ("used_ids", "passed_on"):
                connection.execute(f"DELETE FROM {table} WHERE at < ?", (before,))  # noqa: S608  # one of two names
            connection.execute(
                "DELETE FROM batches WHERE at < ? AND state != ?", (before, BatchState.RESERVED)
            )
