"""Keys that wait for the SAEs named by the master. Each is given once to each of them."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.keystore.sealing import Sealer
from infra.onprem.qkd_agent.secret import SecretBytes


class HeldState(StrEnum):
    """Where a held key is. Only HELD can be delivered."""

    HELD = "HELD"
    DELIVERED = "DELIVERED"
    VOIDED = "VOIDED"


class NotForThisSae(Exception):
    """At least one of the keys was made for others."""


class NotHeld(Exception):
    """At least one of the keys cannot be given.

    Attributes:
        replayed: The IDs that this SAE had been given before.
    """

    def __init__(self, replayed: Sequence[str] = ()) -> None:
        super().__init__("one or more keys are not held")
        self.replayed = list(replayed)


class AlreadyUsed(Exception):
    """A key ID was seen before."""


@dataclass(frozen=True)
class NewKeys:
    """Keys that arrived from another KME for SAEs of this site."""

    master_id: str
    sae_ids: Sequence[str]
    from_kme: str
    expires_at: float
    keys: Sequence[tuple[str, SecretBytes]]


class HeldKeys:
    """The keys held for this site's SAEs."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def add(self, new: NewKeys) -> None:
        """Hold keys, sealed; on return they survive a crash.

        Raises:
            AlreadyUsed: If one of the IDs was ever held; then none is added.
        """
        rows = [
            (key_id, sae_id, new.master_id, new.from_kme, sealed, HeldState.HELD, new.expires_at)
            for key_id, sealed in [(i, self._sealer.seal(i, key)) for i, key in new.keys]
            for sae_id in new.sae_ids
        ]
        try:
            with self._database.transaction() as connection:
                connection.executemany("INSERT INTO held VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.IntegrityError as error:
            raise AlreadyUsed("a key ID was held before") from error

    def take(
        self, key_ids: Sequence[str], sae_id: str, master_id: str, now: float
    ) -> list[SecretBytes]:
        """Remove keys for one SAE and return them; the removal is on the disk before the return.

        Raises:
            NotForThisSae: If any of them is known, but not for this SAE; nothing is removed.
            NotHeld: If any of them cannot be given; nothing is removed.
        """
        with self._database.transaction() as connection:
            found = {row["key_id"]: row for row in self._rows(connection, key_ids, sae_id)}
            if self._is_any_for_others(connection, [i for i in key_ids if i not in found]):
                raise NotForThisSae
            givable = [
                row
                for row in found.values()
                if row["state"] == HeldState.HELD
                and row["master_id"] == master_id
                and row["expires_at"] > now
            ]
            if not key_ids or len(givable) != len(key_ids):
                replayed = [i for i, r in found.items() if r["state"] == HeldState.DELIVERED]
                raise NotHeld(replayed)
            sealed = [found[key_id]["sealed"] for key_id in key_ids]
            self._settle(connection, key_ids, HeldState.DELIVERED, sae_id)
        opened = zip(key_ids, sealed, strict=True)
        return [self._sealer.open(key_id, blob) for key_id, blob in opened]

    def void(self, key_ids: Sequence[str], from_kme: str) -> dict[str, str]:
        """Remove keys that the KME which sent them takes back.

        Returns:
            For each ID `voided`, `failed to void` (somebody has it) or `key not present`.
        """
        outcome = {}
        with self._database.transaction() as connection:
            for key_id in key_ids:
                states = {
                    row["state"]
                    for row in connection.execute(
                        "SELECT state FROM held WHERE key_id = ? AND from_kme = ?",
                        (key_id, from_kme),
                    )
                }
                if HeldState.HELD in states:
                    self._settle(connection, [key_id], HeldState.VOIDED)
                if HeldState.DELIVERED in states:
                    outcome[key_id] = "failed to void"
                else:
                    outcome[key_id] = "voided" if states else "key not present"
        return outcome

    def prune(self, now: float, keep_seconds: float) -> None:
        """Drop the keys that expired, and what is remembered of older ones."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE held SET sealed = NULL, state = ? WHERE state = ? AND expires_at <= ?",
                (HeldState.VOIDED, HeldState.HELD, now),
            )
            connection.execute("DELETE FROM held WHERE expires_at <= ?", (now - keep_seconds,))

    @staticmethod
    def _rows(
        connection: sqlite3.Connection, key_ids: Sequence[str], sae_id: str
    ) -> list[sqlite3.Row]:
        return connection.execute(
            "SELECT * FROM held WHERE sae_id = ? AND key_id IN (SELECT value FROM json_each(?))",
            (sae_id, json.dumps(list(key_ids))),
        ).fetchall()

    @staticmethod
    def _is_any_for_others(connection: sqlite3.Connection, key_ids: Sequence[str]) -> bool:
        wanted = json.dumps(list(key_ids))
        for table in ("held", "used_ids"):
            query = f"SELECT 1 FROM {table} WHERE key_id IN (SELECT value FROM json_each(?))"  # noqa: S608  # one of two names
            if connection.execute(query, (wanted,)).fetchone():
                return True
        return False

    @staticmethod
    def _settle(
        connection: sqlite3.Connection,
        key_ids: Sequence[str],
        state: HeldState,
        sae_id: str | None = None,
    ) -> None:
        connection.execute(
            "UPDATE held SET sealed = NULL, state = ? WHERE state = ? AND (? IS NULL OR sae_id = ?)"
            " AND key_id IN (SELECT value FROM json_each(?))",
            (state, HeldState.HELD, sae_id, sae_id, json.dumps(list(key_ids))),
        )
