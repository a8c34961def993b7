"""From a request to a call: who asks, for what, with which body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic

from msgspec import Struct

from chalicelib.api.auth import bearer_token, with_proof
from chalicelib.api.incoming import Incoming, body_bytes
from chalicelib.api.operations.model import BodyT, Operation, QueryT, Security
from chalicelib.api.problem import UnsupportedMediaType
from chalicelib.api.schemas.reading import invalid, read
from chalicelib.api.strict_json import parse_object
from chalicelib.config import Settings
from chalicelib.domain.errors import FieldError, TokenMissing
from chalicelib.domain.permissions import Principal, principal_of, require
from chalicelib.services.backend import Backend
from chalicelib.services.ports import TokenVerifier

_MAX_WARNINGS = 50


class Wiring(Struct, frozen=True):
    """How to get what calls need; each is built when first asked for."""

    settings: Callable[[], Settings]
    backend: Callable[[], Backend]
    token_verifier: Callable[[], TokenVerifier]


class Call(Struct, Generic[QueryT, BodyT], frozen=True):
    """A checked request; `raw_body` is the body as it came, `warnings` name unknown fields."""

    incoming: Incoming
    query: QueryT
    body: BodyT
    raw_body: dict[str, Any]
    warnings: tuple[str, ...]
    caller: Principal | None
    wiring: Wiring

    @property
    def backend(self) -> Backend:
        """The backend, built when first asked for."""
        return self.wiring.backend()

    @property
    def principal(self) -> Principal:
        """The caller of an operation that needs a token."""
        if self.caller is None:
            raise TokenMissing("This needs a token.")
        return self.caller

    def path(self, name: str) -> str:
        """Return a path parameter, decoded."""
        return self.incoming.path_parameters[name]


def prepare(
    operation: Operation[QueryT, BodyT], incoming: Incoming, wiring: Wiring
) -> Call[QueryT, BodyT]:
    """Return the checked call: token, permission, query and body, in this order.

    Raises:
        Unauthenticated, Forbidden, InvalidRequest, NotJSON, RequestTooLarge: as they say.
    """
    authenticate = _authentication(operation, incoming, wiring)
    query, _ = read(operation.query, incoming.query, is_query=True)
    raw_body = _read_body(incoming) if operation.has_body else {}
    body, unknown = read(operation.body, raw_body)
    warnings = _warnings(unknown, is_strict=bool(getattr(query, "strict", False)))
    return Call(incoming, query, body, raw_body, warnings, authenticate(body), wiring)


def _authentication(
    operation: Operation[QueryT, BodyT], incoming: Incoming, wiring: Wiring
) -> Callable[[BodyT], Principal | None]:
    """Check the header's token now; return how to complete it with the body's proof."""
    if operation.security in {Security.NONE, Security.PHONE_HOME}:
        return lambda _: None
    settings = wiring.settings()
    token = wiring.token_verifier().verify(bearer_token(incoming.headers.get("authorization")))
    caller = principal_of(token, settings.admin_user_ids)
    # Use cases check permissions; this only spares a reader's body from being read. A proof in the
    # body can make an administrator.
    is_final = operation.security is not Security.TOKEN_AND_OPTIONAL_PROOF
    if is_final and operation.permission is not None:
        require(caller, operation.permission)
    if operation.security is Security.TOKEN:
        return lambda _: caller
    is_required = operation.security is Security.TOKEN_AND_PROOF and settings.require_user_proof

    def complete(body: BodyT) -> Principal:
        return with_proof(
            token,
            getattr(body, "tokens", ()),
            wiring.token_verifier(),
            settings.admin_user_ids,
            is_required=is_required,
        )

    return complete


def _read_body(incoming: Incoming) -> dict[str, Any]:
    media_type = incoming.headers.get("content-type", "application/json").split(";")[0].strip()
    if media_type.lower() != "application/json" and not media_type.lower().endswith("+json"):
        raise UnsupportedMediaType("Send the body as Content-Type: application/json.")
    return parse_object(body_bytes(incoming.raw))


def _warnings(unknown: tuple[str, ...], *, is_strict: bool) -> tuple[str, ...]:
    paths = unknown[:_MAX_WARNINGS]
    if paths and is_strict:
        raise invalid([FieldError(path, "is not a field that this site knows") for path in paths])
    return tuple(f"{path}: unknown field, ignored" for path in paths)
