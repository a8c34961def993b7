"""Bring the catalog in line with the cloud, writing only what changed."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from chalicelib.domain.catalog import CatalogState, DiskImage, EntryT, Flavor, Network, compare
from chalicelib.services.backend import Backend
from chalicelib.services.cloud_ports import CloudCatalog

# The state is written again after this time even when nothing changed, so that users see that
# the sync runs; more often would cost a write per sync.
_STATE_AGE = timedelta(hours=1)


class SyncCount(Struct, frozen=True):
    """What a sync did for one kind of entry."""

    added: int
    changed: int
    hidden: int


class SyncReport(Struct, frozen=True):
    """What a sync did."""

    disk_images: SyncCount
    flavors: SyncCount
    networks: SyncCount


def sync_catalog(backend: Backend, cloud: CloudCatalog) -> SyncReport:
    """Import disk images, flavors, networks and limits.

    Raises:
        CloudError: the cloud did not answer; what was written before is right and stays.
    """
    report = SyncReport(
        disk_images=_sync(backend, DiskImage, tuple(cloud.disk_images())),
        flavors=_sync(backend, Flavor, tuple(cloud.flavors())),
        networks=_sync(backend, Network, tuple(cloud.networks())),
    )
    _sync_state(backend, cloud)
    return report


def _sync(backend: Backend, kind: type[EntryT], seen: tuple[EntryT, ...]) -> SyncCount:
    known = {entry.id: entry for entry in backend.catalog.list(kind)}
    changes = compare(known, seen)
    for entry in changes.to_write:
        backend.catalog.put(entry)
    return SyncCount(len(changes.added), len(changes.changed), len(changes.hidden))


def _sync_state(backend: Backend, cloud: CloudCatalog) -> None:
    infra_id, now = backend.settings.infra_id, backend.clock()
    limits = cloud.limits()
    old = backend.catalog.state(infra_id)
    if old is None or old.limits != limits or now - old.checked_at >= _STATE_AGE:
        backend.catalog.put_state(CatalogState(infra_id, now, limits))
