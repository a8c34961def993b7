"""Applications (reservations): which SAEs may have keys together, until when."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from infra.onprem.qkd_agent.ca import SAE_URI_PREFIX
from infra.onprem.qkd_agent.keystore.database import Database


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
        uris = [self.body["server_app_id"], *self.body.get("client_app_id", [])]
        return {sae_of_uri(uri) for uri in uris}

    def is_active(self, now: float) -> bool:
        """Return whether it has not expired."""
        return self.expires_at is None or now < self.expires_at


class Applications:
    """All applications of this node."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def all(self) -> list[Application]:
        """Return every application, expired ones too."""
        rows = self._database.rows("SELECT * FROM applications ORDER BY created_at, app_id")
        return [
            Application(
                app_id=row["app_id"],
                body=json.loads(row["body"]),
                created_at=row["created_at"],
                expires_at=row["expires_at"],
                consumed_bits=row["consumed_bits"],
            )
            for row in rows
        ]

    def get(self, app_id: str) -> Application | None:
        """Return one application."""
        return next((app for app in self.all() if app.app_id == app_id), None)

    def put(self, app_id: str, body: dict[str, Any], expires_at: float | None) -> bool:
        """Store an application; return whether it is new."""
        with self._database.transaction() as connection:
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
            gone = connection.execute("DELETE FROM applications WHERE app_id = ?", (app_id,))
        return gone.rowcount > 0

    def joining(self, first: str, second: str) -> Application | None:
        """Return an active application of two SAEs."""
        now = self._clock()
        wanted = {first, second}
        return next((a for a in self.all() if a.is_active(now) and wanted <= a.sae_ids), None)

    def consumed(self, app_id: str, bits: int) -> None:
        """Count what an application has used."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE applications SET consumed_bits = consumed_bits + ? WHERE app_id = ?",
                (bits, app_id),
            )
