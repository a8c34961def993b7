"""Applications (reservations): which SAEs may have keys together, until when."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from infra.onprem.qkd_agent.ca import SAE_URI_PREFIX
from infra.onprem.qkd_agent.keystore.database import Database

_JOINING = """
    SELECT a.* FROM application_saes one JOIN application_saes two USING (app_id)
    JOIN applications a USING (app_id)
    WHERE one.sae_id = ? AND two.sae_id = ? AND (a.expires_at IS NULL OR a.expires_at > ?)
    ORDER BY a.created_at, a.app_id LIMIT 1
"""


def sae_of_uri(uri: str) -> str:
    """Return the SAE ID that an application URI names (`urn:sae:...`, or the ID itself)."""
    if uri.startswith(SAE_URI_PREFIX):
        return unquote(uri.removeprefix(SAE_URI_PREFIX))
    return uri


@dataclass(frozen=True)
class Application:
    """One stored qkd_app. `body` holds its writable members."""

    app_id: str
    body: dict[str, Any]
    created_at: float
    expires_at: float | None
    consumed_bits: int

    @property
    def sae_ids(self) -> set[str]:
        """Return the SAEs that it joins."""
        return _sae_ids(self.body)

    def is_active(self, now: float) -> bool:
        """Return whether it has not expired."""
        return self.expires_at is None or now < self.expires_at


class Applications:
    """All applications of this node."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        with database.transaction():
            for application in self.all():
                self._index(application.app_id, application.body)

    def all(self) -> list[Application]:
        """Return every application, expired ones too."""
        rows = self._database.rows("SELECT * FROM applications ORDER BY created_at, app_id")
        return [_application(row) for row in rows]

    def get(self, app_id: str) -> Application | None:
        """Return one application."""
        rows = self._database.rows("SELECT * FROM applications WHERE app_id = ?", app_id)
        return _application(rows[0]) if rows else None

    def put(self, app_id: str, body: dict[str, Any], expires_at: float | None) -> bool:
        """Store an application; return whether it is new."""
        with self._database.transaction() as connection:
            self._index(app_id, body)
            changed = connection.execute(
                "UPDATE applications SET body = ?, expires_at = ? WHERE app_id = ?",
                (json.dumps(body), expires_at, app_id),
            )
            if changed.rowcount:
                return False
            connection.execute(
                "INSERT INTO applications (app_id, body, created_at, expires_at)"
                " VALUES (?, ?, ?, ?)",
                (app_id, json.dumps(body), self._clock(), expires_at),
            )
        return True

    def delete(self, app_id: str) -> bool:
        """Drop an application; return whether there was one."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM application_saes WHERE app_id = ?", (app_id,))
            gone = connection.execute("DELETE FROM applications WHERE app_id = ?", (app_id,))
        return gone.rowcount > 0

    def joining(self, first: str, second: str) -> Application | None:
        """Return an active application of two SAEs."""
        rows = self._database.rows(_JOINING, first, second, self._clock())
        return _application(rows[0]) if rows else None

    def consumed(self, app_id: str, bits: int) -> None:
        """Count what an application has used: a statistic, so nobody waits for the disk."""
        with self._database.transaction(synced=False) as connection:
            connection.execute(
                "UPDATE applications SET consumed_bits = consumed_bits + ? WHERE app_id = ?",
                (bits, app_id),
            )

    def _index(self, app_id: str, body: dict[str, Any]) -> None:
        """Note which SAEs an application joins: each Get key looks for one of two SAEs."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM application_saes WHERE app_id = ?", (app_id,))
            connection.executemany(
                "INSERT INTO application_saes VALUES (?, ?)",
                [(sae_id, app_id) for sae_id in _sae_ids(body)],
            )


def _sae_ids(body: dict[str, Any]) -> set[str]:
    return {sae_of_uri(uri) for uri in [body["server_app_id"], *body.get("client_app_id", [])]}


def _application(row: sqlite3.Row) -> Application:
    return Application(
        app_id=row["app_id"],
        body=json.loads(row["body"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        consumed_bits=row["consumed_bits"],
    )
