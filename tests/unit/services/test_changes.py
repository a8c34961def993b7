"""Release, reset, extend, phone home: what users and VMs change."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest

from chalicelib.domain.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    TokenInvalid,
    WrongStatus,
)
from chalicelib.domain.expiry import Grant
from chalicelib.domain.permissions import Principal
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.domain.tasks import TaskAction
from chalicelib.domain.tokens import TokenKind
from chalicelib.services.extend_resource import extend_resource
from chalicelib.services.phone_home import hash_of, phone_home
from chalicelib.services.release_resource import order, release_resource
from chalicelib.services.reset_resource import reset_resource
from tests.fakes.world import (
    EXPERIMENT,
    MEMBER,
    OTHER_EXPERIMENT,
    OWNER,
    START,
    STRANGER,
    World,
)

DAY = timedelta(days=1)
KEY = base64.b64encode(b"key").decode()
CHANGES = (
    release_resource,
    reset_resource,
    lambda backend, principal, rid: extend_resource(backend, principal, rid, None),
)


@pytest.fixture
def up(world):
    world.accept()
    return world.change(world.resource().id, status=ResourceStatus.UP).id


@pytest.mark.parametrize("change", CHANGES)
class TestWho:
    def test_a_reading_token_may_not(self, world, up, change):
        with pytest.raises(Forbidden):
            change(world.backend, OWNER, up)

    def test_a_foreign_resource_does_not_exist(self, world, up, change):
        for identifier in (up, "r-nope"):
            with pytest.raises(NotFound):
                change(world.backend, STRANGER, identifier)

    def test_an_administrator_with_another_experiment_sees_it_but_may_not(self, world, up, change):
        admin = Principal(TokenKind.EXPERIMENT, "root", None, OTHER_EXPERIMENT, is_admin=True)
        with pytest.raises(NotFound):
            change(world.backend, admin, up)


class TestRelease:
    def test_it_is_ordered_once_and_repeats_its_task(self, world, up):
        task = release_resource(world.backend, MEMBER, up)
        assert task.action is TaskAction.DELETE
        world.clock.advance(DAY)
        assert release_resource(world.backend, MEMBER, up) == world.task(task.id) == task
        assert world.resource(up).status is ResourceStatus.TERMINATING
        assert [w for w, _ in world.workflows.started.values()] == ["request", "release"]

    def test_it_follows_a_failure_as_a_task_of_its_own(self, world, up):
        failure = order(world.backend, world.resource(up), "system", ResourceStatus.FAILED, "Lost.")
        task = release_resource(world.backend, MEMBER, up)
        assert task.id != failure.id
        assert world.resource(up).release.outcome is ResourceStatus.TERMINATED
        assert world.resource(up).failure_reason == "Lost."


class TestReset:
    def test_it_is_one_task_while_under_way_and_another_later(self, world, up):
        first = reset_resource(world.backend, MEMBER, up)
        assert reset_resource(world.backend, MEMBER, up).id == first.id
        assert world.resource(up).resets == 1
        world.change(up, status=ResourceStatus.UP)
        assert reset_resource(world.backend, MEMBER, up).id != first.id
        assert world.resource(up).resets == 2

    @pytest.mark.parametrize(
        "status", sorted(set(ResourceStatus) - {ResourceStatus.UP, ResourceStatus.RESETTING})
    )
    def test_only_what_is_up_can_be_reset(self, world, up, status):
        world.change(up, status=status)
        with pytest.raises(WrongStatus, match=f"vm is {status}"):
            reset_resource(world.backend, MEMBER, up)
        assert len(world.tasks.by_id) == 1


class TestExtend:
    def test_it_gives_what_was_asked_for(self, world, up):
        wanted = START + 8 * DAY
        assert extend_resource(world.backend, MEMBER, up, wanted) == Grant(wanted, None)
        assert world.resource(up).expires_at == wanted
        assert world.resource(up).events[-1].actor == MEMBER.actor

    def test_it_gives_at_most_what_the_site_allows(self, world, up):
        for wanted in (None, START + 400 * DAY):
            grant = extend_resource(world.backend, MEMBER, up, wanted)
            assert grant == Grant(START + 89 * DAY, "site_max_duration")

    def test_it_never_shortens(self, world, up):
        with pytest.raises(InvalidRequest):
            extend_resource(world.backend, MEMBER, up, START + DAY)

    def test_what_is_to_go_gets_no_more_time(self, world, up):
        release_resource(world.backend, MEMBER, up)
        with pytest.raises(WrongStatus):
            extend_resource(world.backend, MEMBER, up, None)


class TestPhoneHome:
    @pytest.fixture
    def waiting(self, world, up):
        return world.change(up, phone_home_hashes=(hash_of("token"),)).id

    def test_the_token_works_once(self, world, waiting):
        phone_home(world.backend, waiting, "token", (f"ssh-ed25519 {KEY} root@vm",))
        digest = base64.b64encode(hashlib.sha256(b"key").digest()).decode().rstrip("=")
        assert world.resource(waiting).ssh_host_key_fingerprints == (
            f"ssh-ed25519 SHA256:{digest}",
        )
        assert world.resource(waiting).phoned_home_at == START
        with pytest.raises(TokenInvalid):
            phone_home(world.backend, waiting, "token", ())

    def test_wrong_tokens_and_unknown_resources_get_the_same_answer(self, world, waiting):
        details = set()
        for identifier, token in ((waiting, "guess"), ("r-nope", "token"), (waiting, "")):
            with pytest.raises(TokenInvalid) as caught:
                phone_home(world.backend, identifier, token, ())
            details.add(caught.value.detail)
        assert len(details) == 1
        assert world.resource(waiting).phoned_home_at is None

    @pytest.mark.parametrize("key", ["", "ssh-rsa", "ssh-rsa !!!", "ssh-rsa AAA", "ssh-rsa ä"])
    def test_what_is_no_host_key_is_named_and_the_token_stays_good(self, world, waiting, key):
        with pytest.raises(InvalidRequest) as caught:
            phone_home(world.backend, waiting, "token", (f"ssh-rsa {KEY}", key))
        assert caught.value.field_errors[0].field == "ssh_host_keys[1]"
        phone_home(world.backend, waiting, "token", ())


def test_the_token_of_one_resource_opens_no_other():
    world = World()
    first = world.accept().task.resource_ids[0]
    world.change(first, phone_home_hashes=(hash_of("token"),))
    other = Principal(TokenKind.EXPERIMENT, None, None, OTHER_EXPERIMENT)
    second = world.accept(principal=other).task.resource_ids[0]
    with pytest.raises(TokenInvalid):
        phone_home(world.backend, second, "token", ())
    assert world.resource(first).experiment_id == EXPERIMENT
