"""SAEs of this site: enrolment with one-time tokens, certificates, revocation, identity."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from urllib.parse import unquote

from infra.onprem.qkd_agent.ca import CertificateAuthority, Issued
from infra.onprem.qkd_agent.config_sections import IdentitySection, SaeSection
from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.web.messages import PeerCertificate

_VOID_HELD = (
    "UPDATE held SET sealed = NULL, state = 'VOIDED'"
    " WHERE sae_id = ?1 AND state = 'HELD' AND ?2 = ?2"
)


class BadToken(Exception):
    """The enrolment token is unknown, expired, used, or another SAE's. Which is not told."""


class NotAdmitted(Exception):
    """The certificate names no SAE that may call."""


def _hash(token: str) -> str:
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
    ) -> None:
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
        if self._is_revoked(sae_id):
            return False
        if self._static.get(sae_id) == self._own_kme_id:
            return True
        query = "SELECT 1 FROM certificates WHERE sae_id = ? AND is_revoked = 0 AND expires_at > ?"
        return bool(self._database.rows(query, sae_id, self._clock()))

    def identify(self, certificate: PeerCertificate | None) -> str:
        """Return the SAE ID of a caller.

        Raises:
            NotAdmitted: If the certificate names no SAE of this site, or is revoked.
        """
        sae_id = self._named(certificate) if certificate else ""
        if not sae_id or certificate is None or self._is_revoked(sae_id):
            raise NotAdmitted("the certificate names no SAE that is registered here")
        query = "SELECT sae_id, is_revoked FROM certificates WHERE serial = ?"
        rows = self._database.rows(query, certificate.serial.lstrip("0"))
        if rows and (rows[0]["is_revoked"] or rows[0]["sae_id"] != sae_id):
            raise NotAdmitted("the certificate is revoked")
        if not rows and self._static.get(sae_id) != self._own_kme_id:
            raise NotAdmitted("the certificate names no SAE that is registered here")
        return sae_id

    def new_token(self, sae_id: str, seconds: float) -> tuple[str, float]:
        """Return a one-time enrolment token and when it expires; a revoked SAE is readmitted."""
        token = secrets.token_urlsafe(32)
        expires_at = self._clock() + seconds
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM revoked_saes WHERE sae_id = ?", (sae_id,))
            connection.execute(
                "INSERT INTO tokens (token_hash, sae_id, expires_at) VALUES (?, ?, ?)",
                (_hash(token), sae_id, expires_at),
            )
        return token, expires_at

    def redeem(self, token: str, sae_id: str) -> None:
        """Use up a token, whatever comes of it.

        Raises:
            BadToken: If it cannot be used for this SAE (again).
        """
        with self._database.transaction() as connection:
            row = connection.execute(
                "UPDATE tokens SET is_used = 1 WHERE token_hash = ? AND is_used = 0"
                " AND expires_at > ? RETURNING sae_id",
                (_hash(token), self._clock()),
            ).fetchone()
        if row is None or not hmac.compare_digest(row["sae_id"].encode(), sae_id.encode()):
            raise BadToken("the enrolment token is not valid")

    def issue(
        self, authority: CertificateAuthority, csr_pem: str, sae_id: str, seconds: float
    ) -> Issued:
        """Issue a certificate and admit its holder.

        Raises:
            BadSigningRequest: If the CSR is not one to sign for.
        """
        issued = authority.issue_sae(csr_pem, sae_id, seconds)
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM revoked_saes WHERE sae_id = ?", (sae_id,))
            connection.execute(
                "INSERT INTO certificates (serial, sae_id, expires_at) VALUES (?, ?, ?)",
                (issued.serial, sae_id, issued.expires_at),
            )
        return issued

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

    def enrolled(self) -> list[tuple[str, float]]:
        """Return the SAEs with a live certificate, and when the last of each expires."""
        query = (
            "SELECT sae_id, MAX(expires_at) AS until FROM certificates"
            " WHERE is_revoked = 0 AND expires_at > ? GROUP BY sae_id"
        )
        return [(row["sae_id"], row["until"]) for row in self._database.rows(query, self._clock())]

    def _is_revoked(self, sae_id: str) -> bool:
        return bool(self._database.rows("SELECT 1 FROM revoked_saes WHERE sae_id = ?", sae_id))

    def _named(self, certificate: PeerCertificate) -> str:
        if self._identity.sae_from == "cn":
            return certificate.common_name
        if self._identity.sae_from == "serial":
            return str(int(certificate.serial, 16))
        prefix = self._identity.uri_prefix
        found = [uri for uri in certificate.uris if uri.startswith(prefix)]
        return unquote(found[0].removeprefix(prefix)) if len(found) == 1 else ""
