"""The catalog: what users can choose from, and how it follows the cloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.ids import IdKind, derived_uuid, make_id

NO_CLOUD_INIT_TAG = "no-cloud-init"


class DiskImage(Struct, frozen=True):
    """A disk image; `location` is the cloud's own name or id for it."""

    id: str
    friendly_name: str
    created_at: datetime
    cluster_id: str
    location: str
    default_username: str
    min_disk_mb: int = 0
    min_ram_mib: int = 0
    short_description: str = ""
    long_description: str = ""
    tags: tuple[str, ...] = ()
    hidden: bool = False
    is_synced: bool = False

    @property
    def has_cloud_init(self) -> bool:
        """Say whether a VM of it can phone home."""
        return NO_CLOUD_INIT_TAG not in self.tags


class Flavor(Struct, frozen=True):
    """A size of VM; `location` is the cloud's own name or id for it."""

    id: str
    friendly_name: str
    created_at: datetime
    location: str
    description: str = ""
    flavor_type: str = "vm"
    vcpus: int = 1
    ram_mib: int = 0
    disk_mb: int = 0
    hidden: bool = False
    is_synced: bool = False


class Network(Struct, frozen=True):
    """A network that VMs can be attached to, or (external) take public addresses from."""

    id: str
    friendly_name: str
    created_at: datetime
    location: str
    is_external: bool = False
    hidden: bool = False
    is_synced: bool = True


CatalogEntry = DiskImage | Flavor | Network
EntryT = TypeVar("EntryT", DiskImage, Flavor, Network)


class CloudLimits(Struct, frozen=True):
    """What the cloud lets this site's account use in all; -1 means unlimited."""

    instances: int
    instances_used: int
    vcpus: int
    vcpus_used: int
    ram_mib: int
    ram_mib_used: int


class CatalogState(Struct, frozen=True):
    """When the catalog was last compared with the cloud, and the cloud's limits then."""

    infra_id: str
    checked_at: datetime
    limits: CloudLimits | None


class CatalogChanges(Struct, Generic[EntryT], frozen=True):
    """What a sync has to write: new and changed entries, and vanished ones to hide."""

    added: tuple[EntryT, ...]
    changed: tuple[EntryT, ...]
    hidden: tuple[EntryT, ...]

    @property
    def to_write(self) -> tuple[EntryT, ...]:
        """All entries to put."""
        return self.added + self.changed + self.hidden


def synced_id(kind: IdKind, infra_id: str, location: str) -> str:
    """Return the identifier that an imported entry always gets."""
    return make_id(kind, infra_id, derived_uuid(kind, infra_id, location))


def compare(known: Mapping[str, EntryT], seen: Iterable[EntryT]) -> CatalogChanges[EntryT]:
    """Return what differs between the stored entries and what the cloud offers now.

    Entries that users added by hand are left alone. A vanished entry is hidden, not deleted: old
    resources still refer to it. `created_at` stays what it was at first sight.
    """
    added: list[EntryT] = []
    changed: list[EntryT] = []
    seen_ids = set()
    for entry in seen:
        seen_ids.add(entry.id)
        old = known.get(entry.id)
        if old is None:
            added.append(entry)
            continue
        current = replace(entry, created_at=old.created_at)
        if current != old:
            changed.append(current)
    vanished = tuple(
        replace(entry, hidden=True)
        for entry in known.values()
        if entry.is_synced and not entry.hidden and entry.id not in seen_ids
    )
    return CatalogChanges(tuple(added), tuple(changed), vanished)


def misfit(disk_image: DiskImage, flavor: Flavor) -> str | None:
    """Say why the flavor is too small for the disk image, or None when it fits.

    Nova refuses the same (400): this check only spares the user a failed build.
    """
    if flavor.ram_mib < disk_image.min_ram_mib:
        return (
            f"Disk image {disk_image.friendly_name} needs {disk_image.min_ram_mib} MiB of memory; "
            f"flavor {flavor.friendly_name} has {flavor.ram_mib} MiB. Choose a larger flavor."
        )
    if flavor.disk_mb < disk_image.min_disk_mb:
        return (
            f"Disk image {disk_image.friendly_name} needs {disk_image.min_disk_mb} MB of disk; "
            f"flavor {flavor.friendly_name} has {flavor.disk_mb} MB. Choose a larger flavor."
        )
    return None
