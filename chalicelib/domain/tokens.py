"""What a verified SLICES token says."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class TokenKind(StrEnum):
    """The three kinds of SLICES token."""

    USER = "user"
    PROJECT = "project"
    EXPERIMENT = "experiment"


class VerifiedToken(Struct, frozen=True):
    """The claims of a token whose signature and bounds were checked."""

    kind: TokenKind
    subject: str
    issuer: str
    expires_at: datetime
    issued_at: datetime | None = None
    user_id: str | None = None
    project_id: str | None = None
    project_name: str | None = None
    experiment_id: str | None = None
    preferred_username: str | None = None
