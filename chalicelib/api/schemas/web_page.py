"""What the web page is told about the site and about who uses it."""

from __future__ import annotations

from chalicelib.api.schemas.base import Answer
from chalicelib.domain.permissions import Permission
from chalicelib.domain.tokens import TokenKind


class OIDCAnswer(Answer, frozen=True):
    """Where people sign in: authorization code with PKCE, no client secret."""

    discovery_url: str
    client_id: str
    scope: str


class WebConfigAnswer(Answer, frozen=True):
    """What is public about the site; `oidc` is null where tokens are pasted."""

    infra_id: str
    site_name: str
    site_location: str
    public_url: str
    api_version: str
    requires_user_proof: bool
    oidc: OIDCAnswer | None
    experiment_token_url: str | None


class CallerAnswer(Answer, frozen=True):
    """Who the token makes its bearer."""

    kind: TokenKind
    user_id: str | None
    project_id: str | None
    experiment_id: str | None
    is_admin: bool
    permissions: list[Permission]
