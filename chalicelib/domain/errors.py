"""Every way in which this system says no (the part that tokens need)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
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


class Unavailable(BIError):
    """A part that the answer needs cannot be reached now; trying again later may help."""

    slug, title, http_status = "unavailable", "Temporarily unavailable", 503


class AuthorityUnavailable(Unavailable):
    """The keys that tokens are checked with cannot be had."""

    slug, title = "authority-unavailable", "Token authority unreachable"
