"""The outside of a token: three segments of strict base64url, and a header that we allow.

Nothing here is trusted yet; it only decides what is worth a signature check.
"""

from __future__ import annotations

import base64
import binascii

from msgspec import Struct

from chalicelib.adapters.slices_auth.strict_json import parse_object
from chalicelib.domain.errors import TokenInvalid, TokenMissing

MAX_TOKEN_BYTES = 8 * 1024
MAX_KID_LENGTH = 128
_SEGMENTS = 3
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
# All of them change what is signed or how it is read. The key hints (jku, jwk, x5u, x5c) are not
# among them: a genuine token may carry one, and it is never looked at.
_FORBIDDEN_HEADERS = ("crit", "zip", "b64", "enc")


class UnverifiedToken(Struct, frozen=True):
    """A well-formed token whose signature has not been checked; its repr shows nothing."""

    compact: str
    algorithm: str
    kid: str | None
    claims: dict[str, object]

    def __repr__(self) -> str:
        return "UnverifiedToken(...)"


def parse_compact(jwt: str) -> UnverifiedToken:
    """Take a compact JWS apart.

    Raises:
        TokenMissing: there is no text.
        TokenInvalid: it is too long, or not a signed JWT in the form that SLICES uses.
    """
    if not jwt:
        raise TokenMissing("Send a SLICES token: `Authorization: Bearer <token>`.")
    if len(jwt) > MAX_TOKEN_BYTES or not jwt.isascii():
        raise TokenInvalid(
            f"This is not a SLICES token: those are ASCII text of at most {MAX_TOKEN_BYTES} bytes."
        )
    segments = jwt.split(".")
    if len(segments) != _SEGMENTS:
        raise TokenInvalid(
            f"A signed token has three parts with dots between them; this has {len(segments)}. "
            "Send the whole token, without quotes or line breaks."
        )
    header = _json_segment(segments[0], "header")
    claims = _json_segment(segments[1], "payload")
    _segment(segments[2], "signature")
    algorithm, kid = _check_header(header)
    return UnverifiedToken(compact=jwt, algorithm=algorithm, kid=kid, claims=claims)


def _segment(text: str, name: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raw = b""
    # Writing it again finds padding, the other alphabet and stray bits in the last character.
    if not raw or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise TokenInvalid(f"The token's {name} is not base64url: it was cut or changed.")
    return raw


def _json_segment(text: str, name: str) -> dict[str, object]:
    raw = _segment(text, name)
    try:
        return parse_object(raw)
    except ValueError:
        # The parser's words may quote the token, so they go no further.
        raise TokenInvalid(f"The token's {name} is not one unambiguous JSON object.") from None


def _check_header(header: dict[str, object]) -> tuple[str, str | None]:
    for name in _FORBIDDEN_HEADERS:
        if name in header:
            raise TokenInvalid(f"Tokens with the header parameter `{name}` are not accepted.")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise TokenInvalid("The token's header names no algorithm.")
    token_type = header.get("typ", "JWT")
    if not isinstance(token_type, str) or token_type.lower() not in _TYPES:
        raise TokenInvalid("The token's `typ` must be JWT or at+jwt, or be left out.")
    if "kid" not in header:
        return algorithm, None
    kid = header["kid"]
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID_LENGTH:
        raise TokenInvalid(f"The token's `kid` must be text of 1 to {MAX_KID_LENGTH} characters.")
    return algorithm, kid
