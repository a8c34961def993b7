"""How an SAE gets its certificates: the first for a token, each further one for the last."""

from collections.abc import Callable
from dataclasses import dataclass

from infra.onprem.qkd_agent.ca import (
    BadSigningRequest,
    CertificateAuthority,
    Issued,
    SigningRequest,
    read_signing_request,
)
from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.registry.applications import Applications
from infra.onprem.qkd_agent.registry.saes import BadToken, Saes, hash_of
from infra.onprem.qkd_agent.web.messages import PeerCertificate

_MOST_LIVE = 8
_LATE_AT = 1 / 6
_INVALID = "the enrolment token is not valid"


class NotRenewable(Exception):
    """The certificate is in order, but no new one is given for it."""


class TooManyCertificates(Exception):
    """The SAE has as many live certificates as one may have."""


@dataclass(frozen=True)
class Enrolment:
    """Issues the certificates of SAEs, each step in one transaction.

    Attributes:
        certificate_seconds: Life of a certificate.
    """

    database: Database
    saes: Saes
    applications: Applications
    authority: CertificateAuthority
    certificate_seconds: float
    clock: Callable[[], float]

    def admit(self, sae_id: str, csr_pem: str) -> Issued:
        """Issue a certificate by the backend's order; a revoked SAE is readmitted.

        Raises:
            BadSigningRequest: If the CSR is not one to sign for.
        """
        request = read_signing_request(csr_pem)
        with self.database.transaction():
            self.saes.readmit(sae_id)
            return self.saes.certificates.issue(
                self.authority, request, sae_id, self.certificate_seconds
            )

    def enrol(self, token: str, sae_id: str, csr_pem: str) -> Issued:
        """Issue the first certificate against a one-time token.

        The same token with the same key gives the same certificate again, as the answer may have
        been lost; with any other key it is used up. A CSR that is not signed for uses it up too.

        Raises:
            BadToken: If the token cannot be used for this SAE and key (again).
            BadSigningRequest: If the CSR is not one to sign for.
        """
        digest = hash_of(token)
        try:
            request = read_signing_request(csr_pem)
        except BadSigningRequest:
            if self.saes.redeem(digest, sae_id):
                raise
            raise BadToken(_INVALID) from None
        with self.database.transaction():
            issued = self._for_token(digest, sae_id, request)
        if issued is None:
            raise BadToken(_INVALID)
        return issued

    def renew(self, certificate: PeerCertificate | None, csr_pem: str) -> Issued:
        """Issue a further certificate to the holder of a live one, for a fresh key.

        The same key gives the same certificate again. The link must still be reserved.

        Raises:
            NotAdmitted: If the caller's certificate is revoked, expired or foreign.
            BadSigningRequest: If the CSR is not one to sign for.
            NotRenewable: If the certificate is not of this agent, its SAE has no reservation, or
                the key is not a fresh one.
            TooManyCertificates: If too many certificates of the SAE are live.
        """
        request = read_signing_request(csr_pem)
        register = self.saes.certificates
        with self.database.transaction():
            sae_id = self.saes.identify(certificate)
            serial = certificate.serial.lstrip("0") if certificate else ""
            if register.find(serial) is None:
                raise NotRenewable("this certificate was not issued by the agent")
            if not self._is_reserved(sae_id):
                raise NotRenewable("there is no reservation for this SAE any more")
            of_key = register.serial_of_key(sae_id, request.key_digest)
            if of_key == serial:
                raise NotRenewable("a renewal needs a fresh key")
            if of_key is None and register.live_count(sae_id) >= _MOST_LIVE:
                raise TooManyCertificates("too many certificates of this SAE are live")
            return register.issue(self.authority, request, sae_id, self.certificate_seconds)

    def overdue(self) -> dict[str, float]:
        """Return the SAEs with a reservation whose certificate was not renewed in time.

        Returns:
            The seconds that are left, negative when it has ended. VMs renew when a third of the
            life is left; half of that is time enough.
        """
        now = self.clock()
        reserved = {s for app in self.applications.all() if app.is_active(now) for s in app.sae_ids}
        latest = self.certificate_seconds * _LATE_AT
        left = {s: end - now for s, end in self.saes.certificates.ends().items() if s in reserved}
        return {sae_id: seconds for sae_id, seconds in left.items() if seconds < latest}

    def _for_token(self, digest: str, sae_id: str, request: SigningRequest) -> Issued | None:
        register = self.saes.certificates
        if self.saes.redeem(digest, sae_id):
            return register.issue(self.authority, request, sae_id, self.certificate_seconds, digest)
        return register.of_token(digest, sae_id, request.key_digest)

    def _is_reserved(self, sae_id: str) -> bool:
        now = self.clock()
        return any(a.is_active(now) and sae_id in a.sae_ids for a in self.applications.all())
