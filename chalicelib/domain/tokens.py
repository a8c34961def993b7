"""What a verified SLICES token says: who is asking, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class TokenKind(StrEnum):
    """Whom a token speaks for: the object that its subject names."""

    USER = "user"
    PROJECT = "project"
    EXPERIMENT = "experiment"


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """The claims of a token whose signature, issuer, audience and times have been checked.

    It never holds the token itself, so that it may be logged. Times are aware and in UTC.

    Attributes:
        kind: Whom the token speaks for.
        subject: The SLICES id in `sub`; equal to the id of this kind below.
        issuer: The authority that signed it, as written in `iss`.
        expires_at: When the token ends; for an experiment token not the experiment's end.
        issued_at: When it was made, if it says so.
        user_id: The user, for a user token.
        project_id: The project, for a project token, and for the others if they name one.
        project_name: The project's name, if the token names it.
        experiment_id: The experiment, for an experiment token.
        preferred_username: The user's login name, if the token names it.
    """

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
