"""SAEs come and go: enrolment tokens, certificates and their renewal, revocation."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from infra.onprem.qkd_agent.ca import BadSigningRequest, Issued
from infra.onprem.qkd_agent.config_sections import AuthoritySection, Name
from infra.onprem.qkd_agent.control_face.guard import Body, read
from infra.onprem.qkd_agent.journal import date_time
from infra.onprem.qkd_agent.registry.enrolment import (
    Enrolment,
    NotRenewable,
    TooManyCertificates,
)
from infra.onprem.qkd_agent.registry.saes import BadToken, NotAdmitted, Saes
from infra.onprem.qkd_agent.web.messages import ApiError, Request, Response, json_response
from infra.onprem.qkd_agent.web.router import Route

_NO_STORE = {"Cache-Control": "no-store"}
_Csr = Annotated[str, Field(max_length=16384)]


class _Admission(Body):
    sae_id: Name
    csr: _Csr | None = None


class _Enrolment(Body):
    sae_id: Name
    csr: _Csr
    token: Annotated[str, Field(max_length=128)]


class _Renewal(Body):
    csr: _Csr


@dataclass(frozen=True)
class Admission:
    """Admits SAEs. Only certificates and one-time tokens leave it, never a private key.

    Attributes:
        enrolment: None if this agent has no certificate authority.
        reserved: Names of agents and of the backend, which no SAE may have.
    """

    saes: Saes
    enrolment: Enrolment | None
    settings: AuthoritySection | None
    reserved: frozenset[str]

    def control_routes(self) -> list[Route]:
        """Return the routes for the backend."""
        return [
            Route("GET", "/v1/saes", self._list),
            Route("POST", "/v1/saes", self._admit),
            Route("DELETE", "/v1/saes/{sae_id}", self._revoke),
        ]

    def enrolment_routes(self) -> list[Route]:
        """Return the route for SAEs that have no certificate yet, but a token."""
        return [Route("POST", "/v1/enrolments", self._enrol)]

    def renewal_routes(self) -> list[Route]:
        """Return the route for SAEs that show their certificate."""
        return [Route("POST", "/v1/renewals", self._renew)]

    def _list(self, _request: Request) -> Response:
        shown = [
            {"sae_id": sae_id, "expires_at": date_time(until)}
            for sae_id, until in self.saes.certificates.live()
        ]
        return json_response(200, {"saes": shown})

    def _admit(self, request: Request) -> Response:
        body = read(_Admission, request)
        enrolment, settings = self._working()
        if body.sae_id in self.reserved:
            raise ApiError(400, "this sae_id is reserved")
        if body.csr is not None:
            try:
                return _shown(enrolment.admit(body.sae_id, body.csr), body.sae_id, settings)
            except BadSigningRequest as error:
                raise ApiError(400, str(error)) from error
        token, expires_at = self.saes.new_token(body.sae_id, settings.token_seconds)
        shown = {"sae_id": body.sae_id, "token": token, "expires_at": date_time(expires_at)}
        return json_response(201, shown, _NO_STORE)

    def _revoke(self, request: Request) -> Response:
        self.saes.revoke(request.parameters["sae_id"])
        return Response(204, b"")

    def _enrol(self, request: Request) -> Response:
        body = read(_Enrolment, request)
        enrolment, settings = self._working()
        try:
            issued = enrolment.enrol(body.token, body.sae_id, body.csr)
        except BadToken as error:
            raise ApiError(401, str(error)) from error
        except BadSigningRequest as error:
            raise ApiError(400, str(error)) from error
        return _shown(issued, body.sae_id, settings)

    def _renew(self, request: Request) -> Response:
        enrolment, settings = self._working()
        try:
            sae_id = self.saes.identify(request.certificate)
            issued = enrolment.renew(request.certificate, read(_Renewal, request).csr)
        except NotAdmitted as error:
            raise ApiError(401, str(error)) from error
        except BadSigningRequest as error:
            raise ApiError(400, str(error)) from error
        except NotRenewable as error:
            raise ApiError(403, str(error)) from error
        except TooManyCertificates as error:
            raise ApiError(429, str(error)) from error
        return _shown(issued, sae_id, settings)

    def _working(self) -> tuple[Enrolment, AuthoritySection]:
        if self.enrolment is None or self.settings is None:
            raise ApiError(503, "this agent has no certificate authority")
        return self.enrolment, self.settings


def _shown(issued: Issued, sae_id: str, settings: AuthoritySection) -> Response:
    shown = {
        "sae_id": sae_id,
        "certificate": issued.pem,
        "ca": settings.kme_ca.read_text(encoding="ascii"),
        "expires_at": date_time(issued.expires_at),
    }
    return json_response(201, shown, _NO_STORE)
