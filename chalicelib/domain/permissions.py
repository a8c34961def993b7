"""Who may do what: one table, and the rule that foreign objects do not exist."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from chalicelib.domain.errors import Forbidden, NotFound
from chalicelib.domain.tokens import TokenKind, VerifiedToken


class Permission(StrEnum):
    """Everything that can be permitted, as scope:object:action."""

    CATALOG_READ = "site:catalog:read"
    CATALOG_WRITE = "site:catalog:write"
    QUOTA_READ = "project:quota:read"
    RESOURCES_READ = "experiment:resources:read"
    RESOURCES_WRITE = "experiment:resources:write"
    ALL_RESOURCES_READ = "site:resources:read"


_READ = frozenset({Permission.CATALOG_READ, Permission.QUOTA_READ, Permission.RESOURCES_READ})

PERMISSIONS: dict[TokenKind, frozenset[Permission]] = {
    TokenKind.USER: _READ,
    TokenKind.PROJECT: _READ,
    TokenKind.EXPERIMENT: _READ | {Permission.RESOURCES_WRITE},
}
ADMIN_PERMISSIONS = frozenset({Permission.CATALOG_WRITE, Permission.ALL_RESOURCES_READ})


class Principal(Struct, frozen=True):
    """The caller, as proven by one or two tokens.

    `user_id` comes from the user token, in the header or as second proof in the body.
    """

    kind: TokenKind
    user_id: str | None
    project_id: str | None
    experiment_id: str | None
    is_admin: bool = False

    @property
    def actor(self) -> str:
        """The identifier that histories name."""
        return self.user_id or self.experiment_id or self.project_id or "unknown"


def principal_of(
    token: VerifiedToken, admin_user_ids: frozenset[str], second_proof: VerifiedToken | None = None
) -> Principal:
    """Return the caller that the tokens prove.

    Raises:
        Forbidden: the two tokens name different projects.
    """
    if second_proof is not None and (
        token.project_id and second_proof.project_id and token.project_id != second_proof.project_id
    ):
        raise Forbidden(
            f"The user token is for project {second_proof.project_id}, the experiment belongs to "
            f"{token.project_id}. Select the experiment's project (`slices project use NAME`) and "
            "fetch a new user token."
        )
    user_id = second_proof.user_id if second_proof else token.user_id
    return Principal(
        kind=token.kind,
        user_id=user_id,
        project_id=token.project_id or (second_proof.project_id if second_proof else None),
        experiment_id=token.experiment_id,
        is_admin=user_id in admin_user_ids,
    )


def permitted(principal: Principal, permission: Permission) -> bool:
    """Say whether the table allows it."""
    if permission in PERMISSIONS[principal.kind]:
        return True
    return principal.is_admin and permission in ADMIN_PERMISSIONS


def require(principal: Principal, permission: Permission) -> None:
    """Make sure that the table allows it.

    Raises:
        Forbidden: it does not; says which token would.
    """
    if permitted(principal, permission):
        return
    hints = {
        Permission.CATALOG_WRITE: "Only users in ADMIN_USER_IDS change the catalog.",
        Permission.ALL_RESOURCES_READ: "Only users in ADMIN_USER_IDS see everybody's resources.",
        Permission.RESOURCES_WRITE: (
            f"A {principal.kind} token only reads. Use an experiment token "
            "(`slices experiment jwt NAME`)."
        ),
    }
    raise Forbidden(hints.get(permission, f"This token does not permit {permission}."))


def may_see(
    principal: Principal, *, project_id: str, experiment_id: str, owner_id: str | None
) -> bool:
    """Say whether an experiment's object exists for this caller.

    An experiment token sees its experiment. Members share their project, so user and project
    tokens see theirs; a user sees what is theirs everywhere.
    """
    if permitted(principal, Permission.ALL_RESOURCES_READ):
        return True
    if principal.kind is TokenKind.EXPERIMENT:
        return principal.experiment_id == experiment_id
    if principal.project_id is not None and principal.project_id == project_id:
        return True
    return owner_id is not None and principal.user_id == owner_id


def may_change(principal: Principal, *, experiment_id: str) -> bool:
    """Say whether the caller may change an object of this experiment."""
    return (
        permitted(principal, Permission.RESOURCES_WRITE)
        and principal.experiment_id == experiment_id
    )


def not_found(kind: str, identifier: str) -> NotFound:
    """Return the answer for what is absent and what is foreign alike."""
    return NotFound(f"There is no {kind} {identifier} that you can see.")
