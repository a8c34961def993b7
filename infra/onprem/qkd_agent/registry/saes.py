"""SAEs of this site: who they are, one-time tokens for new ones, revocation."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from urllib.parse import unquote

from infra.onprem.qkd_agent.config_sections import IdentitySection, SaeSection
from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.registry.certificates import Certificates
from infra.onprem.qkd_agent.web.messages import PeerCertificate

_VOID_HELD = (
    "UPDATE held SET sealed = NULL, state = 'VOIDED'"
    " WHERE sae_id = ?1 AND state = 'HELD' AND ?2 = ?2"
)


class BadToken(Exception):
    """The enrolment token is unknown, expired, used, or another SAE's. Which is not told."""


class NotAdmitted(Exception):
    """The certificate names no SAE that may call."""


def hash_of(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class Saes:
    """The SAEs of this site.

    A static SAE (configuration) is known by any certificate of the CA with its name. An enrolled
    SAE is known only by a certificate that this agent issued to it and has not revoked.
    """

    def __init__(
        self,
        database: Database,
        identity: IdentitySection,
        static: tuple[SaeSection, ...],
        own_kme_id: str,
        clock: Callable[[], float],
        grace_seconds: float = 3600.0,
    ) -> None:
        self.certificates = Certificates(database, clock, grace_seconds)
        self._database = database
        self._identity = identity
        self._static = {sae.sae_id: sae.kme_id for sae in static}
        self._own_kme_id = own_kme_id
        self._clock = clock

    def static_kme_of(self, sae_id: str) -> str | None:
        """Return the KME of a static SAE."""
        return self._static.get(sae_id)

    def is_served_here(self, sae_id: str) -> bool:
        """Return whether this KME serves the SAE: static, or enrolled with a live certificate."""
        if self.is_revoked(sae_id):
            return False
        if self._static.get(sae_id) == self._own_kme_id:
            return True
        return self.certificates.live_count(sae_id) > 0

    def identify(self, certificate: PeerCertificate | None) -> str:
        """Return the SAE ID of a caller.

        Raises:
            NotAdmitted: If the certificate names no SAE of this site, is revoked or superseded.
        """
        sae_id = self._named(certificate) if certificate else ""
        if not sae_id or certificate is None or self.is_revoked(sae_id):
            raise NotAdmitted("the certificate names no SAE that is registered here")
        serial = certificate.serial.lstrip("0")
        known = self.certificates.find(serial)
        if known is None:
            if self._static.get(sae_id) != self._own_kme_id:
                raise NotAdmitted("the certificate names no SAE that is registered here")
            return sae_id
        if known.sae_id != sae_id or not known.is_live(self._clock()):
            raise NotAdmitted("the certificate is revoked, or replaced by a newer one")
        if not known.was_used:
            self.certificates.used(serial, sae_id)
        return sae_id

    def new_token(self, sae_id: str, seconds: float) -> tuple[str, float]:
        """Return a one-time enrolment token and when it expires; a revoked SAE is readmitted."""
        token = secrets.token_urlsafe(32)
        expires_at = self._clock() + seconds
        with self._database.transaction() as connection:
            self.readmit(sae_id)
            connection.execute(
                "INSERT INTO tokens (token_hash, sae_id, expires_at) VALUES (?, ?, ?)",
                (hash_of(token), sae_id, expires_at),
            )
        return token, expires_at

    def redeem(self, token_hash: str, sae_id: str) -> bool:
        """Use up a token, whatever comes of it; return whether it was good for this SAE."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "UPDATE tokens SET is_used = 1 WHERE token_hash = ? AND is_used = 0"
                " AND expires_at > ? RETURNING sae_id",
                (token_hash, self._clock()),
            ).fetchone()
        return row is not None and hmac.compare_digest(row["sae_id"].encode(), sae_id.encode())

    def readmit(self, sae_id: str) -> None:
        """Let a revoked SAE in again, with new certificates only."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM revoked_saes WHERE sae_id = ?", (sae_id,))

    def revoke(self, sae_id: str) -> None:
        """Shut an SAE out: its certificates, its open tokens and its held keys are void."""
        with self._database.transaction() as connection:
            for statement in (
                "INSERT OR REPLACE INTO revoked_saes VALUES (?1, ?2)",
                "UPDATE certificates SET is_revoked = 1 WHERE sae_id = ?1 AND ?2 = ?2",
                "UPDATE tokens SET is_used = 1 WHERE sae_id = ?1 AND ?2 = ?2",
                _VOID_HELD,
            ):
                connection.execute(statement, (sae_id, self._clock()))

    def is_revoked(self, sae_id: str) -> bool:
        """Return whether an SAE is shut out."""
        return bool(self._database.rows("SELECT 1 FROM revoked_saes WHERE sae_id = ?", sae_id))

    def _named(self, certificate: PeerCertificate) -> str:
        if self._identity.sae_from == "cn":
            return certificate.common_name
        if self._identity.sae_from == "serial":
            return str(int(certificate.serial, 16))
        prefix = self._identity.uri_prefix
        found = [uri for uri in certificate.uris if uri.startswith(prefix)]
        return unquote(found[0].removeprefix(prefix)) if len(found) == 1 else ""
