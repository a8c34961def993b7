"""What the cloud offers, as catalog entries: the port CloudCatalog."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chalicelib.adapters.openstack import sdk
from chalicelib.adapters.openstack.connection import CloudConnection
from chalicelib.adapters.openstack.views import bounded, moment
from chalicelib.domain.catalog import (
    NO_CLOUD_INIT_TAG,
    CloudLimits,
    DiskImage,
    Flavor,
    Network,
    synced_id,
)
from chalicelib.domain.ids import IdKind
from chalicelib.services.ports import Clock

_GIB = 1024**3
_MB_PER_GIB = 1024
# Parts of an old kind of image; they cannot be booted on their own.
_PARTIAL_FORMATS = frozenset({"aki", "ari"})
_USERNAMES = {
    "almalinux": "almalinux",
    "arch": "arch",
    "centos": "cloud-user",
    "cirros": "cirros",
    "debian": "debian",
    "fedora": "fedora",
    "opensuse": "opensuse",
    "rhel": "cloud-user",
    "rocky": "rocky",
    "ubuntu": "ubuntu",
}
# Cloud images that admit no root answer this login with the name of the right user.
_UNKNOWN_USERNAME = "root"


class OpenStackCatalog:
    """The port CloudCatalog, as one project of an OpenStack cloud sees it."""

    def __init__(self, connection: CloudConnection, infra_id: str, clock: Clock) -> None:
        self._connection = connection
        self._infra_id = infra_id
        self._clock = clock

    def disk_images(self) -> Iterable[DiskImage]:
        """Return the images that can be booted, with their synced ids."""
        with self._connection.call() as cloud:
            return tuple(
                self._disk_image(image)
                for image in bounded(sdk.Image.list(cloud.image))
                if image.status == "active"
                and not image.is_hidden
                and image.disk_format not in _PARTIAL_FORMATS
            )

    def flavors(self) -> Iterable[Flavor]:
        """Return the flavors that the project may use. Nova does not date them: now is said."""
        with self._connection.call() as cloud:
            return tuple(
                self._flavor(flavor)
                for flavor in bounded(sdk.Flavor.list(cloud.compute, base_path="/flavors/detail"))
                if not flavor.is_disabled
            )

    def networks(self) -> Iterable[Network]:
        """Return external networks, and those that give addresses to VMs."""
        with self._connection.call() as cloud:
            return tuple(
                self._network(network)
                for network in bounded(sdk.Network.list(cloud.network))
                if network.is_router_external or network.subnet_ids
            )

    def limits(self) -> CloudLimits:
        """Return the account's limits and use."""
        with self._connection.call() as cloud:
            absolute = sdk.Limits.new().fetch(cloud.compute).absolute
            return CloudLimits(
                instances=int(absolute.instances),
                instances_used=int(absolute.instances_used),
                vcpus=int(absolute.total_cores),
                vcpus_used=int(absolute.total_cores_used),
                ram_mib=int(absolute.total_ram),
                ram_mib_used=int(absolute.total_ram_used),
            )

    def _disk_image(self, image: Any) -> DiskImage:
        return DiskImage(
            id=synced_id(IdKind.DISK_IMAGE, self._infra_id, image.id),
            friendly_name=image.name or image.id,
            created_at=moment(image.created_at, self._clock()),
            cluster_id=self._infra_id,
            location=image.id,
            default_username=_default_username(image),
            min_disk_mb=_min_disk_gib(image) * _MB_PER_GIB,
            min_ram_mib=image.min_ram or 0,
            short_description=str((image.properties or {}).get("description", "")),
            tags=_tags(image),
            is_synced=True,
        )

    def _flavor(self, flavor: Any) -> Flavor:
        return Flavor(
            id=synced_id(IdKind.FLAVOR, self._infra_id, flavor.id),
            friendly_name=flavor.name,
            created_at=self._clock(),
            location=flavor.id,
            description=flavor.description or "",
            vcpus=flavor.vcpus,
            ram_mib=flavor.ram,
            disk_mb=flavor.disk * _MB_PER_GIB,
            is_synced=True,
        )

    def _network(self, network: Any) -> Network:
        return Network(
            id=synced_id(IdKind.NETWORK, self._infra_id, network.id),
            friendly_name=network.name or network.id,
            created_at=moment(network.created_at, self._clock()),
            location=network.id,
            is_external=bool(network.is_router_external),
        )


def _default_username(image: Any) -> str:
    properties = image.properties or {}
    stated = properties.get("slices_default_username") or image.os_admin_user
    return str(stated or _USERNAMES.get(str(image.os_distro or "").lower(), _UNKNOWN_USERNAME))


def _min_disk_gib(image: Any) -> int:
    """Return the smallest flavor disk that holds the image, as Nova checks it."""
    n_bytes = max(image.virtual_size or 0, image.size or 0)
    return max(image.min_disk or 0, -(-n_bytes // _GIB))


def _tags(image: Any) -> tuple[str, ...]:
    tags = set(image.tags or ())
    if str((image.properties or {}).get("slices_cloud_init", "")).lower() == "false":
        tags.add(NO_CLOUD_INIT_TAG)
    return tuple(sorted(tags))
