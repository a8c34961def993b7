"""How the API describes what it can do."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Generic, TypeVar

from msgspec import Struct

from chalicelib.api.schemas.base import Body, Query
from chalicelib.domain.errors import BIError
from chalicelib.domain.permissions import Permission

QueryT = TypeVar("QueryT", bound=Query)
REVALIDATE = "private, no-cache"
BodyT = TypeVar("BodyT", bound=Body)


class Security(StrEnum):
    """What a request must prove."""

    NONE = "none"
    TOKEN = "token"  # noqa: S105 -- a word, not a token
    # The caller's token may come with a user token in the body's `tokens`.
    TOKEN_AND_OPTIONAL_PROOF = "token, optional proof"  # noqa: S105 -- as above
    # As above; whether the user token is needed is a setting.
    TOKEN_AND_PROOF = "token and proof"  # noqa: S105 -- as above
    # A VM's one-time token, which the use case checks.
    PHONE_HOME = "phone-home token"


class Operation(Struct, Generic[QueryT, BodyT], frozen=True):
    """One method on one path.

    `answer` is a response model, or `list` of one; None: only text of `other_media_types`.
    `aliases` are other paths for the same. `errors` are those beyond what every operation can say.
    """

    name: str
    method: str
    path: str
    tag: str
    summary: str
    query: type[QueryT]
    body: type[BodyT]
    answer: Any
    security: Security = Security.TOKEN
    permission: Permission | None = None
    errors: tuple[type[BIError], ...] = ()
    aliases: tuple[str, ...] = ()
    has_etag: bool = False
    cache_control: str = "no-store"
    other_media_types: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """All its paths, the canonical one first."""
        return (self.path, *self.aliases)

    @property
    def has_body(self) -> bool:
        """Say whether a body is read."""
        return bool(self.body.__struct_fields__)
