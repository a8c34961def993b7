"""Who may do what, over the whole table."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from msgspec.structs import replace

from chalicelib.domain.errors import Forbidden, NotFound
from chalicelib.domain.permissions import (
    ADMIN_PERMISSIONS,
    Permission,
    Principal,
    may_change,
    may_see,
    not_found,
    permitted,
    principal_of,
    require,
)
from chalicelib.domain.tokens import TokenKind, VerifiedToken
from tests.fakes.world import (
    EXPERIMENT,
    OTHER_EXPERIMENT,
    OTHER_PROJECT,
    PROJECT,
    START,
    USER,
)

READS = {Permission.CATALOG_READ, Permission.QUOTA_READ, Permission.RESOURCES_READ}
# The promise, written out once more, so that a slip in the table is noticed.
ALLOWED = {
    (TokenKind.USER, False): READS,
    (TokenKind.PROJECT, False): READS,
    (TokenKind.EXPERIMENT, False): READS | {Permission.RESOURCES_WRITE},
    (TokenKind.USER, True): READS | {Permission.CATALOG_WRITE, Permission.ALL_RESOURCES_READ},
    (TokenKind.PROJECT, True): READS | {Permission.CATALOG_WRITE, Permission.ALL_RESOURCES_READ},
    (TokenKind.EXPERIMENT, True): set(Permission),
}


def principal(kind, *, is_admin=False, user_id=USER, project_id=PROJECT, experiment_id=EXPERIMENT):
    return Principal(kind, user_id, project_id, experiment_id, is_admin)


@pytest.mark.parametrize(
    ("kind", "is_admin", "permission"),
    list(product(TokenKind, (False, True), Permission)),
)
def test_every_role_has_exactly_its_permissions(kind, is_admin, permission):
    caller = principal(kind, is_admin=is_admin)
    if permission in ALLOWED[kind, is_admin]:
        assert permitted(caller, permission)
        require(caller, permission)
    else:
        assert not permitted(caller, permission)
        with pytest.raises(Forbidden):
            require(caller, permission)


def test_administrators_read_everything_and_change_only_the_catalog():
    assert {Permission.CATALOG_WRITE, Permission.ALL_RESOURCES_READ} == ADMIN_PERMISSIONS


@pytest.mark.parametrize(
    ("permission", "hint"),
    [
        (Permission.RESOURCES_WRITE, "slices experiment jwt"),
        (Permission.CATALOG_WRITE, "ADMIN_USER_IDS"),
        (Permission.ALL_RESOURCES_READ, "ADMIN_USER_IDS see everybody"),
    ],
)
def test_a_refusal_says_what_would_help(permission, hint):
    with pytest.raises(Forbidden, match=hint):
        require(principal(TokenKind.USER), permission)


OWN = (PROJECT, EXPERIMENT, USER)
SAME_PROJECT = (PROJECT, OTHER_EXPERIMENT, "bob")
MINE_ELSEWHERE = (OTHER_PROJECT, OTHER_EXPERIMENT, USER)
FOREIGN = (OTHER_PROJECT, OTHER_EXPERIMENT, "bob")
SEES = {
    TokenKind.USER: {OWN, SAME_PROJECT, MINE_ELSEWHERE},
    TokenKind.PROJECT: {OWN, SAME_PROJECT, MINE_ELSEWHERE},
    TokenKind.EXPERIMENT: {OWN},
}


@pytest.mark.parametrize(
    ("kind", "target"), list(product(TokenKind, (OWN, SAME_PROJECT, MINE_ELSEWHERE, FOREIGN)))
)
def test_every_role_sees_its_own_and_nothing_foreign(kind, target):
    project_id, experiment_id, owner_id = target
    seen = may_see(
        principal(kind), project_id=project_id, experiment_id=experiment_id, owner_id=owner_id
    )
    assert seen == (target in SEES[kind])


@pytest.mark.parametrize("kind", [TokenKind.USER, TokenKind.PROJECT])
def test_an_unknown_user_or_project_matches_nothing(kind):
    nobody = principal(kind, user_id=None, project_id=None)
    assert not may_see(nobody, project_id=PROJECT, experiment_id=EXPERIMENT, owner_id=None)


@pytest.mark.parametrize("kind", list(TokenKind))
def test_an_administrator_sees_everything(kind):
    caller = principal(kind, is_admin=True)
    assert may_see(caller, project_id=OTHER_PROJECT, experiment_id=OTHER_EXPERIMENT, owner_id="bob")


@pytest.mark.parametrize(
    ("kind", "is_admin", "experiment_id"),
    list(product(TokenKind, (False, True), (EXPERIMENT, OTHER_EXPERIMENT))),
)
def test_only_the_experiments_own_token_changes_anything(kind, is_admin, experiment_id):
    allowed = kind is TokenKind.EXPERIMENT and experiment_id == EXPERIMENT
    assert may_change(principal(kind, is_admin=is_admin), experiment_id=experiment_id) == allowed


def test_absent_and_foreign_read_the_same():
    error = not_found("resource", "r-1")
    assert isinstance(error, NotFound)
    assert error.detail == "There is no resource r-1 that you can see."


class TestPrincipalOf:
    """The caller, from one or two tokens."""

    TOKEN = VerifiedToken(
        TokenKind.EXPERIMENT,
        "subject",
        "issuer",
        START + timedelta(hours=1),
        project_id=PROJECT,
        experiment_id=EXPERIMENT,
    )
    PROOF = VerifiedToken(
        TokenKind.USER, USER, "issuer", START + timedelta(hours=1), user_id=USER, project_id=PROJECT
    )

    def test_one_token_proves_what_it_says(self):
        assert principal_of(self.TOKEN, frozenset()) == Principal(
            TokenKind.EXPERIMENT, None, PROJECT, EXPERIMENT
        )
        assert principal_of(self.PROOF, frozenset()).user_id == USER

    def test_the_second_proof_adds_the_user(self):
        caller = principal_of(self.TOKEN, frozenset(), self.PROOF)
        assert caller == Principal(TokenKind.EXPERIMENT, USER, PROJECT, EXPERIMENT)

    def test_the_second_proof_may_tell_the_project(self):
        token = replace(self.TOKEN, project_id=None)
        assert principal_of(token, frozenset(), self.PROOF).project_id == PROJECT
        silent = replace(self.PROOF, project_id=None)
        assert principal_of(self.TOKEN, frozenset(), silent).project_id == PROJECT

    def test_proofs_for_different_projects_are_refused(self):
        with pytest.raises(Forbidden, match="slices project use"):
            principal_of(self.TOKEN, frozenset(), replace(self.PROOF, project_id=OTHER_PROJECT))

    def test_administrators_are_known_by_their_proven_user_id(self):
        admins = frozenset({USER})
        assert principal_of(self.PROOF, admins).is_admin
        assert principal_of(self.TOKEN, admins, self.PROOF).is_admin
        assert not principal_of(self.TOKEN, admins).is_admin
        assert not principal_of(self.PROOF, frozenset({"bob"})).is_admin

    @pytest.mark.parametrize(
        ("ids", "actor"),
        [
            ((USER, PROJECT, EXPERIMENT), USER),
            ((None, PROJECT, EXPERIMENT), EXPERIMENT),
            ((None, PROJECT, None), PROJECT),
            ((None, None, None), "unknown"),
        ],
    )
    def test_histories_name_the_most_personal_identifier(self, ids, actor):
        assert Principal(TokenKind.USER, *ids).actor == actor
