"""From bearer tokens to the caller."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Protocol

from chalicelib.domain.errors import FieldError, InvalidRequest, TokenMissing, Unauthenticated
from chalicelib.domain.permissions import Principal, principal_of
from chalicelib.domain.tokens import VerifiedToken
from chalicelib.services.ports import TokenVerifier

MAX_TOKEN_LENGTH = 16 * 1024
_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9._~+/=-]+) *")


class ProofInBody(Protocol):
    """An entry of `tokens` in a body."""

    jwt: str


def bearer_token(authorization: str | None) -> str:
    """Return the token of an Authorization header.

    Raises:
        TokenMissing: there is none.
    """
    match = _BEARER.fullmatch(authorization or "")
    if match is None or len(match.group(1)) > MAX_TOKEN_LENGTH:
        raise TokenMissing(
            "Send a SLICES token: `Authorization: Bearer TOKEN`. To read, a user token "
            "(`slices auth id-token AUDIENCE`) will do; to create or change resources, use an "
            "experiment token (`slices experiment jwt NAME`)."
        )
    return match.group(1)


def with_proof(
    token: VerifiedToken,
    proofs: Collection[ProofInBody],
    verifier: TokenVerifier,
    admin_user_ids: frozenset[str],
    *,
    is_required: bool,
) -> Principal:
    """Return the caller that the header's token and the user token in the body prove.

    The first of `tokens` counts.

    Raises:
        InvalidRequest: a proof is required and there is none.
        Unauthenticated: the proof is not an acceptable user token; names its field.
        Forbidden: the two belong to different projects.
    """
    if not proofs:
        if is_required:
            message = (
                "is missing: this site needs to know the user. Add "
                '"tokens": [{"jwt": "..."}] with the output of `slices auth id-token AUDIENCE`'
            )
            raise InvalidRequest(
                f"tokens {message}.", field_errors=(FieldError("tokens", message),)
            )
        return principal_of(token, admin_user_ids)
    first = next(iter(proofs))
    try:
        proof = verifier.verify_user(first.jwt)
    except Unauthenticated as error:
        where = FieldError("tokens[0].jwt", error.detail)
        raise type(error)(f"tokens[0].jwt: {error.detail}", field_errors=(where,)) from error
    return principal_of(token, admin_user_ids, proof)
