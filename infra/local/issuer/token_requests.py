"""`POST /token`: from a name to a token, for people and scripts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

from infra.local.issuer.identities import experiment_id, project_id, user_id
from infra.local.issuer.keys import decode_segment

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LIFETIME_SECONDS = 24 * 3600
MAX_NAME_LENGTH = 64
_FIELDS = frozenset({"kind", "user", "experiment", "project", "audience", "lifetime_seconds"})


class TokenSource(Protocol):
    """What makes the tokens: the issuer."""

    @property
    def user_token(self) -> Callable[..., str]:
        """Make a user's token."""

    @property
    def project_token(self) -> Callable[..., str]:
        """Make a project's token."""

    @property
    def experiment_token(self) -> Callable[..., str]:
        """Make an experiment's token."""


class BadTokenRequest(ValueError):
    """The request makes no sense; the text says what would."""


def answer_token_request(source: TokenSource, body: bytes, content_type: str) -> dict[str, Any]:
    """Return `{"token", "id", "expires_at"}` for the name that the body asks for.

    Raises:
        BadTokenRequest: a field is unknown, missing or wrong.
    """
    fields = _parse(body, content_type)
    if unknown := fields.keys() - _FIELDS:
        raise BadTokenRequest(f"unknown: {sorted(unknown)}; known: {sorted(_FIELDS)}")
    options: dict[str, Any] = {}
    if "audience" in fields:
        options["aud"] = _name(fields, "audience", "")
    if "lifetime_seconds" in fields:
        options["lifetime_seconds"] = _lifetime(fields["lifetime_seconds"])
    project = _name(fields, "project", "quantum")
    match fields.get("kind"):
        case "user":
            name = _name(fields, "user", "admin")
            token = source.user_token(name, project=project, **options)
            identifier = user_id(name)
        case "project":
            token = source.project_token(project, **options)
            identifier = project_id(project)
        case "experiment":
            name = _name(fields, "experiment", "experiment")
            token = source.experiment_token(name, project=project, **options)
            identifier = experiment_id(name)
        case _:
            raise BadTokenRequest("kind: user, project or experiment")
    return {"token": token, "id": identifier, "expires_at": _expiry(token)}


def _parse(body: bytes, content_type: str) -> dict[str, Any]:
    try:
        text = body.decode()
        if content_type.split(";", maxsplit=1)[0].strip().lower() != "application/json":
            return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)))
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadTokenRequest("send a JSON object or a form, in UTF-8") from error
    if not isinstance(fields, dict):
        raise BadTokenRequest("send a JSON object")
    return fields


def _name(fields: dict[str, Any], field: str, default: str) -> str:
    name = fields.get(field, default)
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise BadTokenRequest(f"{field}: printable text of 1 to {MAX_NAME_LENGTH} characters")
    return name


def _lifetime(value: object) -> int:
    try:
        seconds = int(str(value))
    except ValueError:
        seconds = 0
    if not 0 < seconds <= MAX_LIFETIME_SECONDS:
        raise BadTokenRequest(f"lifetime_seconds: 1 to {MAX_LIFETIME_SECONDS}")
    return seconds


def _expiry(token: str) -> str:
    claims = decode_segment(token.split(".")[1])
    return datetime.fromtimestamp(claims["exp"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
