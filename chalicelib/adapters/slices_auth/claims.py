"""The inside of a token whose signature is good: times, audience, and whom it speaks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib.domain.errors import TokenExpired, TokenInvalid, TokenNotYetValid
from chalicelib.domain.ids import IdKind, is_id
from chalicelib.domain.tokens import TokenKind, VerifiedToken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.adapters.slices_auth.trust import TrustedIssuer

LEEWAY_SECONDS = 30
MAX_NAME_LENGTH = 256
# 9999-12-31T00:00:00Z: what a datetime can hold with a day to spare.
_LAST_MOMENT = 253_402_214_400
_KINDS = {
    IdKind.USER: TokenKind.USER,
    IdKind.PROJECT: TokenKind.PROJECT,
    IdKind.EXPERIMENT: TokenKind.EXPERIMENT,
}

HOW_TO_GET = {
    TokenKind.USER: "`slices auth id-token AUDIENCE` (user tokens last about an hour)",
    TokenKind.PROJECT: "the SLICES portal (project tokens are made there)",
    TokenKind.EXPERIMENT: "`slices experiment jwt NAME` (experiment tokens last about 15 minutes)",
}


def kind_of(identifier: object) -> TokenKind | None:
    """Return the kind of token whose subject this SLICES id may be, if it is one."""
    if not isinstance(identifier, str):
        return None
    return next((kind for id_kind, kind in _KINDS.items() if is_id(identifier, id_kind)), None)


def check_claims(
    claims: Mapping[str, object], issuer: TrustedIssuer, now: datetime
) -> VerifiedToken:
    """Return what a token says, given that `issuer` signed it, names it and may speak for `sub`.

    Raises:
        TokenExpired: it has ended.
        TokenNotYetValid: it begins, or was made, in the future.
        TokenInvalid: it is for another service, or a claim is malformed.
    """
    expires_at, issued_at = _check_times(claims, issuer.kind, now)
    _check_audience(claims, issuer)
    subject = str(claims["sub"])
    project_id = _project_id(claims)
    if issuer.kind is TokenKind.PROJECT:
        if project_id not in {None, subject}:
            raise TokenInvalid("The project token's `proj` is not the project in its `sub`.")
        project_id = subject
    return VerifiedToken(
        kind=issuer.kind,
        subject=subject,
        issuer=str(claims["iss"]),
        expires_at=expires_at,
        issued_at=issued_at,
        user_id=subject if issuer.kind is TokenKind.USER else None,
        project_id=project_id,
        project_name=_name(claims, "proj_name"),
        experiment_id=subject if issuer.kind is TokenKind.EXPERIMENT else None,
        preferred_username=_name(claims, "preferred_username"),
    )


def _check_times(
    claims: Mapping[str, object], kind: TokenKind, now: datetime
) -> tuple[datetime, datetime | None]:
    expires, issued, begins = (_moment(claims, name) for name in ("exp", "iat", "nbf"))
    if expires is None:
        raise TokenInvalid("The token has no `exp`: tokens without an end are not accepted.")
    if issued is not None and issued > expires:
        raise TokenInvalid("The token was issued after its own end.")
    present = now.timestamp()
    if expires + LEEWAY_SECONDS <= present:
        raise TokenExpired(
            f"This {kind} token expired at {_rfc3339(expires)}. Get a new one: {HOW_TO_GET[kind]}."
        )
    for moment in (issued, begins):
        if moment is not None and moment - LEEWAY_SECONDS > present:
            raise TokenNotYetValid(
                f"This {kind} token is valid from {_rfc3339(moment)}, and it is now "
                f"{_rfc3339(present)}. Wait, or correct the clock of the machine that made it."
            )
    return _utc(expires), None if issued is None else _utc(issued)


def _moment(claims: Mapping[str, object], name: str) -> float | None:
    """Return a NumericDate in seconds (RFC 7519: fractions allowed), or None if it is absent."""
    if name not in claims:
        return None
    value = claims[name]
    # bool is an int to Python. NaN and infinities (as of 1e400) are in no range.
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value < _LAST_MOMENT
    ):
        raise TokenInvalid(f"The token's `{name}` is not a time in seconds since 1970.")
    return value


def _check_audience(claims: Mapping[str, object], issuer: TrustedIssuer) -> None:
    audience = claims.get("aud", [])
    named = audience if isinstance(audience, list) else [audience]
    if not all(isinstance(name, str) for name in named):
        raise TokenInvalid("The token's `aud` is neither a text nor a list of texts.")
    if issuer.audiences and not set(named) & set(issuer.audiences):
        raise TokenInvalid(
            f"This {issuer.kind} token is meant for another service. Ask for one with the audience "
            f"{issuer.audiences[0]}."
        )


def _project_id(claims: Mapping[str, object]) -> str | None:
    value = claims.get("proj")
    if value is None:
        return None
    if not isinstance(value, str) or kind_of(value) is not TokenKind.PROJECT:
        raise TokenInvalid("The token's `proj` is not a SLICES project id.")
    return value


def _name(claims: Mapping[str, object], claim: str) -> str | None:
    value = claims.get(claim)
    if value is None:
        return None
    # Names reach logs and pages, so control characters end here.
    if not isinstance(value, str) or len(value) > MAX_NAME_LENGTH or not value.isprintable():
        raise TokenInvalid(
            f"The token's `{claim}` is not printable text of at most {MAX_NAME_LENGTH} characters."
        )
    return value


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _rfc3339(seconds: float) -> str:
    return _utc(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")
