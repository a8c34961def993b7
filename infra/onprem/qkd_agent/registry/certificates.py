"""The SAE certificates of this agent: issued once per key, superseded, revoked."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from infra.onprem.qkd_agent.ca import CertificateAuthority, Issued, SigningRequest
from infra.onprem.qkd_agent.keystore.database import Database

_LIVE = "is_revoked = 0 AND expires_at > ?"
_KEPT_SECONDS = 31 * 86400.0
"""Longer than any certificate lives: until then its serial number must stay known as revoked."""


@dataclass(frozen=True)
class Known:
    """A certificate of this agent. `expires_at` is sooner than in it if it was superseded."""

    sae_id: str
    expires_at: float
    is_revoked: bool
    was_used: bool

    def is_live(self, now: float) -> bool:
        """Return whether it still lets its holder in."""
        return not self.is_revoked and now < self.expires_at


class Certificates:
    """Certificates by serial number, as TLS libraries show it, without leading zeros.

    Args:
        grace_seconds: How long older certificates of an SAE work after the first use of a newer.
            It counts from the use, not from the issue: the answer with the new one may get lost.
    """

    def __init__(
        self, database: Database, clock: Callable[[], float], grace_seconds: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._grace_seconds = grace_seconds

    def find(self, serial: str) -> Known | None:
        """Return what is known of a certificate."""
        query = (
            "SELECT c.sae_id, c.expires_at, c.is_revoked, i.serial IS NULL OR i.used_at IS NOT NULL"
            " AS was_used FROM certificates c LEFT JOIN issued i ON i.serial = c.serial"
            " WHERE c.serial = ?"
        )
        rows = self._database.rows(query, serial)
        if not rows:
            return None
        row = rows[0]
        flags = bool(row["is_revoked"]), bool(row["was_used"])
        return Known(row["sae_id"], row["expires_at"], *flags)

    def issue(
        self,
        authority: CertificateAuthority,
        request: SigningRequest,
        sae_id: str,
        seconds: float,
        token_hash: str | None = None,
    ) -> Issued:
        """Issue a certificate; for a key that has a live one, return that one again.

        So a request whose answer was lost is repeated without harm. The caller holds a
        transaction if other things belong to it.
        """
        with self._database.transaction() as connection:
            again = self._live(connection, sae_id, request.key_digest)
            if again is not None:
                return again
            issued = authority.issue_sae(request, sae_id, seconds)
            connection.execute(
                "DELETE FROM issued WHERE sae_id = ? AND key_digest = ?",
                (sae_id, request.key_digest),
            )
            connection.execute(
                "INSERT INTO certificates (serial, sae_id, expires_at) VALUES (?, ?, ?)",
                (issued.serial, sae_id, issued.expires_at),
            )
            connection.execute(
                "INSERT INTO issued VALUES (?, ?, ?, ?, ?, NULL)",
                (issued.serial, sae_id, request.key_digest, issued.pem, token_hash),
            )
        return issued

    def of_token(self, token_hash: str, sae_id: str, key_digest: str) -> Issued | None:
        """Return the live certificate that a token was used for, with this very key."""
        with self._database.transaction() as connection:
            found = connection.execute(
                "SELECT 1 FROM issued WHERE token_hash = ? AND sae_id = ? AND key_digest = ?",
                (token_hash, sae_id, key_digest),
            ).fetchone()
            return self._live(connection, sae_id, key_digest) if found else None

    def serial_of_key(self, sae_id: str, key_digest: str) -> str | None:
        """Return the serial number of the live certificate of a key."""
        with self._database.transaction() as connection:
            found = self._live(connection, sae_id, key_digest)
        return found.serial if found else None

    def used(self, serial: str, sae_id: str) -> None:
        """Note the first use of a certificate: those issued before it end after the grace."""
        now = self._clock()
        with self._database.transaction() as connection:
            connection.execute("UPDATE issued SET used_at = ? WHERE serial = ?", (now, serial))
            connection.execute(
                "UPDATE certificates SET expires_at = min(expires_at, ?) WHERE sae_id = ?"
                " AND rowid < (SELECT rowid FROM certificates WHERE serial = ?)",
                (now + self._grace_seconds, sae_id, serial),
            )

    def live_count(self, sae_id: str) -> int:
        """Return how many certificates let this SAE in now."""
        query = f"SELECT COUNT(*) AS n FROM certificates WHERE sae_id = ? AND {_LIVE}"  # noqa: S608  # a constant
        return int(self._database.rows(query, sae_id, self._clock())[0]["n"])

    def live(self) -> list[tuple[str, float]]:
        """Return the SAEs with a live certificate, and when the last of each ends."""
        query = (
            "SELECT sae_id, MAX(expires_at) AS until FROM certificates"  # noqa: S608  # a constant
            f" WHERE {_LIVE} GROUP BY sae_id"
        )
        return [(row["sae_id"], row["until"]) for row in self._database.rows(query, self._clock())]

    def ends(self) -> dict[str, float]:
        """Return when the last certificate of each SAE ends or ended; not of revoked ones."""
        query = (
            "SELECT sae_id, MAX(expires_at) AS until FROM certificates"
            " WHERE is_revoked = 0 GROUP BY sae_id"
        )
        return {row["sae_id"]: row["until"] for row in self._database.rows(query)}

    def prune(self) -> None:
        """Forget certificates that TLS has refused for long."""
        before = self._clock() - _KEPT_SECONDS
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM issued WHERE serial IN"
                " (SELECT serial FROM certificates WHERE expires_at < ?)",
                (before,),
            )
            connection.execute("DELETE FROM certificates WHERE expires_at < ?", (before,))

    def _live(self, connection: sqlite3.Connection, sae_id: str, key_digest: str) -> Issued | None:
        row = connection.execute(
            "SELECT i.serial, i.pem, c.expires_at FROM issued i JOIN certificates c"  # noqa: S608  # a constant
            f" ON c.serial = i.serial WHERE i.sae_id = ? AND i.key_digest = ? AND {_LIVE}",
            (sae_id, key_digest, self._clock()),
        ).fetchone()
        return Issued(row["pem"], row["serial"], row["expires_at"]) if row else None
