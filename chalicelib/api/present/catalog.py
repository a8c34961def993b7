"""Catalog entries, in and out."""

from __future__ import annotations

from chalicelib.api.schemas.catalog import (
    DiskImageAnswer,
    DiskImageBody,
    FlavorAnswer,
    FlavorBody,
)
from chalicelib.domain.catalog import DiskImage, Flavor
from chalicelib.domain.ids import IdKind
from chalicelib.services.backend import Backend


def disk_image_answer(entry: DiskImage) -> DiskImageAnswer:
    """Return a disk image as clients see it."""
    return DiskImageAnswer(
        id=entry.id,
        friendly_name=entry.friendly_name,
        created_at=entry.created_at,
        cluster_id=entry.cluster_id,
        location=entry.location,
        default_username=entry.default_username,
        min_disk_mb=entry.min_disk_mb,
        min_ram_mib=entry.min_ram_mib,
        short_description=entry.short_description,
        long_description=entry.long_description,
        tags=list(entry.tags),
        hidden=entry.hidden,
    )


def flavor_answer(entry: Flavor) -> FlavorAnswer:
    """Return a flavor as clients see it."""
    return FlavorAnswer(
        id=entry.id,
        friendly_name=entry.friendly_name,
        description=entry.description,
        flavor_type=entry.flavor_type,
        vcpus=entry.vcpus,
        ram_mib=entry.ram_mib,
        disk_mb=entry.disk_mb,
        created_at=entry.created_at,
    )


def new_disk_image(body: DiskImageBody, backend: Backend) -> DiskImage:
    """Return the disk image that a body describes, with a new id."""
    return DiskImage(
        id=backend.ids.new_id(IdKind.DISK_IMAGE),
        friendly_name=body.friendly_name,
        created_at=backend.clock(),
        cluster_id=body.cluster_id or backend.settings.infra_id,
        location=body.location,
        default_username=body.default_username,
        min_disk_mb=body.min_disk_mb,
        min_ram_mib=body.min_ram_mib,
        short_description=body.short_description,
        long_description=body.long_description,
        tags=tuple(body.tags),
        hidden=body.hidden,
    )


def new_flavor(body: FlavorBody, backend: Backend) -> Flavor:
    """Return the flavor that a body describes, with a new id."""
    return Flavor(
        id=backend.ids.new_id(IdKind.FLAVOR),
        friendly_name=body.friendly_name,
        created_at=backend.clock(),
        location=body.location or body.friendly_name,
        description=body.description,
        flavor_type=body.flavor_type,
        vcpus=body.vcpus,
        ram_mib=body.ram_mib,
        disk_mb=body.disk_mb,
    )
