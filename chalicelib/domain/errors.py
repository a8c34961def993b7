"""Every way in which this system says no.

    BIError
    ├── InvalidRequest 422 ── NotJSON 400, RequestTooLarge 413, RequestIdReused 422,
    │                         CapacityExceeded 422
    ├── Unauthenticated 401 ─ TokenMissing, TokenInvalid, TokenExpired, TokenNotYetValid
    ├── Forbidden 403 ─────── QuotaExceeded 403
    ├── NotFound 404
    ├── Conflict 409 ──────── AlreadyExists, WrongStatus, BandwidthExceeded
    ├── Unavailable 503 ───── AuthorityUnavailable
    ├── CloudError 502 ────── CloudUnreachable, CloudCredentialsRefused, CloudOutcomeUnknown,
    │                         CloudRefused, ServerFailed
    └── SiteError 502 ─────── SiteUnreachable, SiteRefused
    StepSignal (internal to workflows) ─ LeaseHeld, ReleaseRequested

The class names of CloudUnreachable, CloudOutcomeUnknown, CloudCredentialsRefused, SiteUnreachable,
LeaseHeld and ReleaseRequested appear in the Retry and Catch rules of infra/aws/*.asl.json: renaming
one changes a contract.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class FieldError(Struct, frozen=True):
    """One wrong field: where it is (`resources[0].flavor_id`) and what would be right."""

    field: str
    message: str


class BIError(Exception):
    """An error that a client is told about; `detail` says what to do."""

    slug: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"
    http_status: ClassVar[int] = 500

    def __init__(self, detail: str, *, field_errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field_errors = field_errors


class InvalidRequest(BIError):
    """Some field is wrong; `field_errors` names it."""

    slug, title, http_status = "invalid-request", "Invalid request", 422


class NotJSON(InvalidRequest):
    """The body is not a UTF-8 JSON object."""

    slug, title, http_status = "not-json", "Body is not JSON", 400


class RequestTooLarge(InvalidRequest):
    """The body, or what it asks for, exceeds a stated bound."""

    slug, title, http_status = "request-too-large", "Request too large", 413


class RequestIdReused(InvalidRequest):
    """The request_id was used before with another body."""

    slug, title, http_status = "request-id-reused", "request_id was used for another request", 422


class CapacityExceeded(InvalidRequest):
    """The request can never fit: more than the site offers to anyone."""

    slug, title, http_status = "capacity-exceeded", "More than this site offers", 422


class Unauthenticated(BIError):
    """No acceptable token came with the request."""

    slug, title, http_status = "unauthenticated", "Not signed in", 401


class TokenMissing(Unauthenticated):
    """There is no bearer token."""

    slug, title = "token-missing", "Token missing"


class TokenInvalid(Unauthenticated):
    """The token is malformed, forged, or meant for someone else."""

    slug, title = "token-invalid", "Token not accepted"


class TokenExpired(Unauthenticated):
    """The token was good and has ended."""

    slug, title = "token-expired", "Token expired"


class TokenNotYetValid(Unauthenticated):
    """The token starts in the future: some clock is wrong."""

    slug, title = "token-not-yet-valid", "Token not yet valid"


class Forbidden(BIError):
    """The caller is known and may not do this."""

    slug, title, http_status = "forbidden", "Not allowed", 403


class QuotaExceeded(Forbidden):
    """The project would use more than it may."""

    slug, title = "quota-exceeded", "Quota exceeded"


class NotFound(BIError):
    """The object does not exist, or the caller may not know that it does."""

    slug, title, http_status = "not-found", "Not found", 404


class Conflict(BIError):
    """The request contradicts the present state."""

    slug, title, http_status = "conflict", "Conflict", 409


class AlreadyExists(Conflict):
    """The name is taken."""

    slug, title = "already-exists", "Already exists"


class WrongStatus(Conflict):
    """The object's status does not admit this change."""

    slug, title = "wrong-status", "Not possible in this status"


class BandwidthExceeded(Conflict):
    """The QKD link makes less key than is asked for, or others have booked it; says what fits."""

    slug, title = "bandwidth-exceeded", "Not enough secret key rate"


class Unavailable(BIError):
    """A part that the answer needs cannot be reached now; trying again later may help."""

    slug, title, http_status = "unavailable", "Temporarily unavailable", 503


class AuthorityUnavailable(Unavailable):
    """The keys that tokens are checked with cannot be had."""

    slug, title = "authority-unavailable", "Token authority unreachable"


class CloudError(BIError):
    """OpenStack did not do what was asked."""

    slug, title, http_status = "cloud-error", "OpenStack error", 502


class CloudUnreachable(CloudError):
    """OpenStack cannot be reached, or fails on its side, and surely nothing was changed."""

    slug, title, http_status = "cloud-unreachable", "OpenStack unreachable", 503


class CloudCredentialsRefused(CloudError):
    """OpenStack refuses this site's credentials: the operator must act."""

    slug, title = "cloud-credentials-refused", "OpenStack refuses this site's credentials"


class CloudOutcomeUnknown(CloudError):
    """A call was sent and its answer lost: the effect may or may not be there."""

    slug, title = "cloud-outcome-unknown", "OpenStack's answer was lost"


class CloudRefused(CloudError):
    """OpenStack refused the call for good; `detail` says why and what the user can do."""

    slug, title = "cloud-refused", "OpenStack refused"


class ServerFailed(CloudError):
    """The server went to ERROR; `detail` says why and what the user can do."""

    slug, title = "server-failed", "The VM could not be built"


class SiteError(BIError):
    """The lab's QKD agent did not do what was asked."""

    slug, title, http_status = "site-error", "QKD agent error", 502


class SiteUnreachable(SiteError):
    """The agent cannot be reached through the tunnel; repeating the call later is harmless."""

    slug, title, http_status = "site-unreachable", "QKD agent unreachable", 503


class SiteRefused(SiteError):
    """The agent refused the call for good; `detail` says why."""

    slug, title = "site-refused", "QKD agent refused"


class StepSignal(Exception):
    """Tells the workflow which way to go; never reaches a client."""


class LeaseHeld(StepSignal):
    """Another runner works on this resource: try again when its lease has ended."""


class ReleaseRequested(StepSignal):
    """The resource is to go: building it stops here."""
