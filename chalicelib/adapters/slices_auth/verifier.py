"""The one place where a token becomes an identity."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib.adapters.slices_auth.claims import HOW_TO_GET, check_claims, kind_of
from chalicelib.adapters.slices_auth.compact import UnverifiedToken, parse_compact
from chalicelib.adapters.slices_auth.jwks import JWKSCache
from chalicelib.adapters.slices_auth.keys import is_signed_by
from chalicelib.domain.errors import TokenInvalid
from chalicelib.domain.tokens import TokenKind, VerifiedToken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chalicelib.adapters.slices_auth.trust import TrustedIssuer

_SHOWN_CHARACTERS = 100


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SLICESTokenVerifier:
    """Verifies SLICES tokens of every kind; safe to share between threads.

    The token's `iss` and the type of the id in its `sub` choose the authority; only that
    authority's keys can vouch for it, so no authority can speak for another's subjects.
    """

    def __init__(
        self,
        issuers: Iterable[TrustedIssuer],
        *,
        fetch: Callable[[str], bytes] | None = None,
        now: Callable[[], datetime] = _utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a cache of keys per authority; nothing is fetched before the first token.

        Args:
            issuers: The authorities. Two may share an issuer only for different kinds.
            fetch: Gets a document by URL, for tests; `DocumentFetcher` otherwise.
            now: The time, aware; decides whether a token is current.
            monotonic: Seconds that never run backwards; decides how old cached keys are.

        Raises:
            ValueError: two authorities claim the same issuer for the same kind.
        """
        self._now = now
        self._authorities: dict[tuple[str, TokenKind], tuple[TrustedIssuer, JWKSCache]] = {}
        for issuer in issuers:
            cache = JWKSCache(issuer, fetch=fetch, monotonic=monotonic)
            for name in issuer.issuers:
                if (name, issuer.kind) in self._authorities:
                    raise ValueError(f"{name} is configured twice for {issuer.kind} tokens")
                self._authorities[name, issuer.kind] = issuer, cache

    def verify(self, jwt: str) -> VerifiedToken:
        """Return what the token says, if it can be believed.

        Args:
            jwt: The compact token, without `Bearer`.

        Raises:
            TokenMissing: it is empty.
            TokenExpired: it was good and has ended.
            TokenNotYetValid: it is good and begins later.
            TokenInvalid: it is malformed, forged, or from or for someone else.
            AuthorityUnavailable: its authority's keys cannot be had now.
        """
        token = parse_compact(jwt)
        issuer, cache = self._authority(token)
        if token.algorithm not in issuer.algorithms:
            raise TokenInvalid(
                f"The token's algorithm is not accepted; {' and '.join(issuer.algorithms)} are."
            )
        keys = cache.find(token.algorithm, token.kid)
        if not keys:
            raise TokenInvalid(
                "The token's authority publishes no such key. Get a new token: "
                f"{HOW_TO_GET[issuer.kind]}; after a change of keys, try again in half a minute."
            )
        if not any(is_signed_by(key, token.compact) for key in keys):
            raise TokenInvalid("The token's signature is not its authority's: it was changed.")
        return check_claims(token.claims, issuer, self._now())

    def verify_user(self, jwt: str) -> VerifiedToken:
        """Return what a user token says: the second proof, beside an experiment token.

        Raises:
            TokenInvalid: it is good, but not a user's; or as in `verify`.
            Unauthenticated: as in `verify`.
            AuthorityUnavailable: as in `verify`.
        """
        token = self.verify(jwt)
        if token.kind is not TokenKind.USER:
            raise TokenInvalid(
                f"A user token is needed here, and this is {_with_article(token.kind)} token. "
                f"Get one: {HOW_TO_GET[TokenKind.USER]}."
            )
        return token

    def _authority(self, token: UnverifiedToken) -> tuple[TrustedIssuer, JWKSCache]:
        name, subject = token.claims.get("iss"), token.claims.get("sub")
        kind = kind_of(subject)
        if kind is None:
            raise TokenInvalid(
                "The token's `sub` is not the SLICES id of a user, a project or an experiment."
            )
        known = self._authorities.get((name, kind)) if isinstance(name, str) else None
        if known is None:
            raise TokenInvalid(
                f"This site does not accept {kind} tokens from the issuer "
                f"{ascii(name)[:_SHOWN_CHARACTERS]}. Get one: {HOW_TO_GET[kind]}."
            )
        return known


def _with_article(kind: TokenKind) -> str:
    return f"an {kind}" if kind is TokenKind.EXPERIMENT else f"a {kind}"
