"""The agent's events, numbered and kept, for readers that come when they can."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from infra.onprem.qkd_agent.keystore.database import Database

_KEPT_EVENTS = 10_000


def date_time(at: float) -> str:
    """Return seconds since 1970 as an RFC 3339 time in UTC."""
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")


class Journal:
    """An ordered, bounded list of notifications in the names of ETSI GS QKD 015."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def notify(
        self, name: str, body: Mapping[str, Any], about: Mapping[str, Any] | None = None
    ) -> None:
        """Add a notification.

        Args:
            name: As in the model, without prefix.
            body: As in the model.
            about: What the model has no place for; never anything secret.
        """
        entry = json.dumps({"body": body, "about": about or {}})
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO events (at, name, body) VALUES (?, ?, ?)",
                (self._clock(), name, entry),
            )
            oldest = (cursor.lastrowid or 0) - _KEPT_EVENTS
            connection.execute("DELETE FROM events WHERE sequence <= ?", (oldest,))

    def after(self, cursor: int, limit: int) -> list[dict[str, Any]]:
        """Return the notifications after a sequence number, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?", cursor, limit
        )
        return [self._shown(row["sequence"], row["at"], row["name"], row["body"]) for row in rows]

    @staticmethod
    def _shown(sequence: int, at: float, name: str, entry: str) -> dict[str, Any]:
        stored = json.loads(entry)
        return {
            "sequence": sequence,
            "ietf-restconf:notification": {
                "eventTime": date_time(at),
                f"etsi-qkd-sdn-node:{name}": stored["body"],
            },
            "about": stored["about"],
        }
