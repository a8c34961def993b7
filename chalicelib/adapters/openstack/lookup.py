"""Turn what the catalog calls a disk image, flavor or network into the cloud's id."""

from __future__ import annotations

import uuid

from chalicelib.adapters.openstack import sdk
from chalicelib.adapters.openstack.cloud import Cloud
from chalicelib.domain.errors import CloudRefused


def disk_image_id(cloud: Cloud, ref: str) -> str:
    """Return the Glance id; a UUID is taken as it is.

    Raises:
        CloudRefused: no disk image has that name.
    """
    if _is_uuid(ref):
        return ref
    found = sdk.Image.find(cloud.image, ref, ignore_missing=True)
    return _found(found, f"The cloud has no disk image {ref!r}: choose another disk image.")


def flavor_id(cloud: Cloud, ref: str) -> str:
    """Return the Nova id; a UUID is taken as it is. Other ids are free text and looked up.

    Raises:
        CloudRefused: no flavor has that id or name.
    """
    if _is_uuid(ref):
        return ref
    found = sdk.Flavor.find(cloud.compute, ref, ignore_missing=True)
    return _found(found, f"The cloud has no flavor {ref!r}: choose another flavor.")


def network_id(cloud: Cloud, ref: str) -> str:
    """Return the Neutron id; a UUID is taken as it is.

    Raises:
        CloudRefused: no network has that name.
    """
    if _is_uuid(ref):
        return ref
    found = sdk.Network.find(cloud.network, ref, ignore_missing=True)
    return _found(found, f"The cloud has no network {ref!r}: choose another network.")


def _found(found: sdk.Resource | None, otherwise: str) -> str:
    if found is None:
        raise CloudRefused(otherwise)
    return str(found.id)


def _is_uuid(ref: str) -> bool:
    try:
        return str(uuid.UUID(ref)) == ref.lower()
    except ValueError:
        return False
