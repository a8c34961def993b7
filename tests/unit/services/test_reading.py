"""Reading resources, tasks and the catalog, and bringing the catalog in line with the cloud."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from chalicelib.domain.catalog import CloudLimits, DiskImage, Flavor, Network
from chalicelib.domain.errors import (
    AlreadyExists,
    CloudUnreachable,
    Forbidden,
    InvalidRequest,
    NotFound,
)
from chalicelib.domain.permissions import Principal
from chalicelib.domain.tasks import StepStatus, finish, set_step
from chalicelib.domain.tokens import TokenKind
from chalicelib.services.catalog import add_entry, delete_entry, get_entry, list_entries
from chalicelib.services.sync_catalog import SyncCount, sync_catalog
from chalicelib.services.views import (
    get_resource,
    get_task,
    list_my_resources,
    list_resources,
    list_tasks,
    wait_for_task,
)
from tests.fakes.world import (
    ADMIN,
    EXPERIMENT,
    INFRA_ID,
    MEMBER,
    OWNER,
    PROJECT,
    PUBLIC,
    SMALL,
    STRANGER,
    UBUNTU,
    want,
)

HOUR = timedelta(hours=1)
LIMITS = CloudLimits(10, 1, 20, 2, 4096, 1024)


class TestViews:
    @pytest.fixture
    def task(self, world):
        return world.accept(*[want(name) for name in "abcde"]).task

    @pytest.mark.parametrize("principal", [MEMBER, OWNER, ADMIN])
    def test_what_is_ones_own_is_seen(self, world, task, principal):
        resource_id = task.resource_ids[0]
        assert get_resource(world.backend, principal, resource_id).id == resource_id
        assert get_task(world.backend, principal, task.id).id == task.id
        page = list_resources(world.backend, principal, EXPERIMENT, 10, None)
        assert [r.id for r in page.items] == list(task.resource_ids)
        assert list_tasks(world.backend, principal, EXPERIMENT, 10, None).items[0].id == task.id

    def test_what_is_foreign_does_not_exist(self, world, task):
        for call, identifier in (
            (get_resource, task.resource_ids[0]),
            (get_resource, "r-nope"),
            (get_task, task.id),
            (get_task, "task-nope"),
        ):
            with pytest.raises(NotFound):
                call(world.backend, STRANGER, identifier)
        assert not list_resources(world.backend, STRANGER, EXPERIMENT, 10, None).items
        assert not list_tasks(world.backend, STRANGER, EXPERIMENT, 10, None).items

    def test_pages_follow_each_other_to_the_end(self, world, task):
        seen, cursor, pages = [], None, 0
        while pages == 0 or cursor:
            page = list_resources(world.backend, MEMBER, EXPERIMENT, 2, cursor)
            seen += [resource.id for resource in page.items]
            cursor, pages = page.cursor, pages + 1
        assert (seen, pages) == (list(task.resource_ids), 3)

    def test_ones_own_over_all_experiments(self, world, task):
        other = Principal(TokenKind.EXPERIMENT, OWNER.user_id, PROJECT, "exp-2")
        world.accept(want("f"), principal=other)
        page = list_my_resources(world.backend, OWNER, 10, None)
        assert len(page.items) == len(task.resource_ids) + 1
        with pytest.raises(InvalidRequest, match="user token"):
            list_my_resources(world.backend, replace(MEMBER, user_id=None), 10, None)

    def test_waiting_ends_with_a_change(self, world, task):
        naps = []

        def sleep(seconds):
            naps.append(seconds)
            if len(naps) == 2:
                world.tasks.change(
                    task.id,
                    lambda t: set_step(
                        t, task.resource_ids[0], "boot", StepStatus.RUNNING, world.clock()
                    ),
                )

        before = world.tasks.get(task.id).version
        found = wait_for_task(world.backend, MEMBER, task.id, 60, sleep)
        assert (found.version, len(naps)) == (before + 1, 2)

    def test_waiting_ends_with_the_time_or_at_once_when_closed(self, world, task):
        def never(_seconds):
            raise AssertionError("nothing to wait for")

        assert not wait_for_task(world.backend, MEMBER, task.id, 0, never).is_closed
        world.tasks.change(task.id, lambda t: finish(t, world.clock()))
        assert wait_for_task(world.backend, MEMBER, task.id, 60, never).is_closed


class TestCatalog:
    def test_hidden_entries_are_listed_only_when_asked_for(self, world):
        shown = list_entries(world.backend, OWNER, Flavor)
        everything = list_entries(world.backend, OWNER, Flavor, with_hidden=True)
        assert {f.friendly_name for f in shown} == {"small", "tiny"}
        assert {f.friendly_name for f in everything} == {"small", "tiny", "old"}

    def test_one_entry(self, world):
        assert get_entry(world.backend, OWNER, DiskImage, UBUNTU.id, "disk image") == UBUNTU
        with pytest.raises(NotFound, match="no disk image nope"):
            get_entry(world.backend, OWNER, DiskImage, "nope", "disk image")

    def test_only_administrators_edit(self, world):
        with pytest.raises(Forbidden):
            add_entry(world.backend, MEMBER, replace(SMALL, id="f-2"))
        with pytest.raises(Forbidden):
            delete_entry(world.backend, MEMBER, Flavor, SMALL.id, "flavor")

    def test_a_name_on_offer_is_taken_a_hidden_one_is_free(self, world):
        with pytest.raises(AlreadyExists) as caught:
            add_entry(world.backend, ADMIN, replace(SMALL, id="f-2"))
        assert caught.value.field_errors[0].field == "friendly_name"
        added = add_entry(world.backend, ADMIN, replace(SMALL, id="f-2", friendly_name="old"))
        assert world.catalog.get(Flavor, "f-2") == added

    def test_what_is_deleted_is_gone(self, world):
        assert delete_entry(world.backend, ADMIN, Flavor, SMALL.id, "flavor") == SMALL
        with pytest.raises(NotFound):
            delete_entry(world.backend, ADMIN, Flavor, SMALL.id, "flavor")


class FakeCloud:
    """Implements ports.CloudCatalog."""

    def __init__(self):
        self.images = [replace(UBUNTU, id="i", is_synced=True)]
        self.sizes = [replace(SMALL, id="f", is_synced=True)]
        self.nets = [replace(PUBLIC, id="n")]
        self.quota = LIMITS

    def disk_images(self):
        return self.images

    def flavors(self):
        return self.sizes

    def networks(self):
        return self.nets

    def limits(self):
        return self.quota


class TestSync:
    @pytest.fixture
    def cloud(self):
        return FakeCloud()

    @pytest.fixture
    def writes(self, world):
        """Every write to the catalog from now on."""
        made = []
        put, put_state = world.catalog.put, world.catalog.put_state
        world.catalog.put = lambda entry: made.append(entry) or put(entry)
        world.catalog.put_state = lambda state: made.append(state) or put_state(state)
        return made

    def test_the_first_run_imports_everything(self, world, cloud):
        for network in world.catalog.list(Network):
            world.catalog.delete(Network, network.id)
        report = sync_catalog(world.backend, cloud)
        assert report.disk_images == report.flavors == report.networks == SyncCount(1, 0, 0)
        assert world.catalog.state(INFRA_ID).limits == LIMITS

    def test_a_second_run_writes_nothing_until_an_hour_has_gone(self, world, cloud, writes):
        sync_catalog(world.backend, cloud)
        writes.clear()
        world.clock.advance(HOUR - timedelta(seconds=1))
        report = sync_catalog(world.backend, cloud)
        assert report.flavors == SyncCount(0, 0, 0)
        assert writes == []
        world.clock.advance(timedelta(seconds=1))
        sync_catalog(world.backend, cloud)
        assert [state.checked_at for state in writes] == [world.clock()]

    def test_changes_vanishings_and_limits_are_written(self, world, cloud, writes):
        sync_catalog(world.backend, cloud)
        writes.clear()
        cloud.sizes = [replace(cloud.sizes[0], vcpus=4)]
        cloud.images = []
        cloud.quota = replace(LIMITS, instances_used=2)
        report = sync_catalog(world.backend, cloud)
        assert (report.flavors, report.disk_images) == (SyncCount(0, 1, 0), SyncCount(0, 0, 1))
        assert len(writes) == 3
        assert world.catalog.get(DiskImage, "i").hidden

    def test_what_was_made_by_hand_stays(self, world, cloud):
        sync_catalog(world.backend, cloud)
        assert world.catalog.get(DiskImage, UBUNTU.id) == UBUNTU

    def test_a_cloud_that_does_not_answer_hides_nothing(self, world, cloud, writes):
        sync_catalog(world.backend, cloud)
        writes.clear()
        cloud.disk_images = lambda: (_ for _ in ()).throw(CloudUnreachable("away"))
        with pytest.raises(CloudUnreachable):
            sync_catalog(world.backend, cloud)
        assert writes == []
