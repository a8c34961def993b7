"""The catalog is what the real Glance and Nova offer, and follows them."""

from __future__ import annotations

import uuid

import pytest

from chalicelib.adapters.dynamodb.models import CatalogItem

# The first test may have to install and to start everything.
pytestmark = [pytest.mark.openstack, pytest.mark.timeout(600)]

NO_CHANGE = {"added": 0, "changed": 0, "hidden": 0}


@pytest.fixture
def sync(stack):
    return lambda: stack.scheduler.run("catalog_sync")


@pytest.fixture
def writes(monkeypatch):
    """The ids that are written to the catalog from now on."""
    ids = []
    save = CatalogItem.save

    def recorded(item, *args, **options):
        ids.append(item.id)
        return save(item, *args, **options)

    monkeypatch.setattr(CatalogItem, "save", recorded)
    return ids


@pytest.fixture
def disk_image(admin):
    """Make a public disk image in Glance that does not survive the test."""
    image = admin.image.create_image(
        f"image-{uuid.uuid4().hex[:8]}",
        disk_format="raw",
        container_format="bare",
        visibility="public",
        min_ram=64,
        slices_default_username="ada",
        data=b"anything",
    )
    yield image
    admin.image.delete_image(image, ignore_missing=True)


def test_the_catalog_is_what_the_cloud_offers(experiment, admin, sync):
    sync()
    offered = {
        (one["location"], one["friendly_name"], one["min_ram_mib"])
        for one in experiment.ok("GET", "/disk-images")
    }
    assert offered == {
        (image.id, image.name, image.min_ram)
        for image in admin.image.images(visibility="public", status="active")
    }
    flavors = {
        (one["friendly_name"], one["vcpus"], one["ram_mib"], one["disk_mb"])
        for one in experiment.ok("GET", "/flavors")
    }
    assert flavors == {
        (flavor.name, flavor.vcpus, flavor.ram, flavor.disk * 1024)
        for flavor in admin.compute.flavors(details=True)
    }
    assert {name for _, name, _ in offered} >= {"cirros-like", "ubuntu-24.04", "huge-disk"}


def test_a_disk_image_comes_and_goes(experiment, admin, sync, writes, disk_image):
    sync()
    (entry,) = [e for e in experiment.ok("GET", "/disk-images") if e["location"] == disk_image.id]
    assert entry["friendly_name"] == disk_image.name
    assert (entry["min_ram_mib"], entry["default_username"]) == (64, "ada")
    assert entry["id"] in writes

    admin.image.delete_image(disk_image)
    sync()
    listed = {one["location"] for one in experiment.ok("GET", "/disk-images")}
    assert disk_image.id not in listed
    # Old resources refer to it, so it can still be looked at; nobody can ask for it any more.
    assert experiment.ok("GET", f"/disk-images/{entry['id']}")["hidden"] is True
    refused = experiment.request("late", disk_image_id=entry["id"], flavor_id="m1.nano")
    assert refused.status == 422
    assert [error["field"] for error in refused.body["errors"]] == ["resources[0].disk_image_id"]


def test_an_unchanged_catalog_costs_no_write(sync, writes):
    sync()
    writes.clear()
    report = sync()
    assert report == dict.fromkeys(("disk_images", "flavors", "networks"), NO_CHANGE)
    assert writes == []
