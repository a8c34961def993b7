"""Data to measure with: entries and resources of ordinary size."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta

from chalicelib.domain.catalog import CloudLimits, DiskImage, Flavor, Network, synced_id
from chalicelib.domain.ids import IdKind, make_id, uuid7
from chalicelib.domain.resources import (
    Event,
    NetworkInterface,
    Placement,
    Resource,
    ResourceSpec,
)
from chalicelib.domain.statuses import ResourceStatus
from infra.local.environment import INFRA_ID

_START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
_LIFE = timedelta(days=80)
_STATUSES = (
    ResourceStatus.REQUESTED,
    ResourceStatus.IMAGING,
    ResourceStatus.BOOTING,
    ResourceStatus.INITIALIZING,
    ResourceStatus.UP,
)


def disk_image(index: int, *, description: str = "An image as sites keep them.") -> DiskImage:
    """Return the disk image with this number, as a sync imports it."""
    location = str(uuid.uuid5(uuid.NAMESPACE_OID, f"image {index}"))
    return DiskImage(
        id=synced_id(IdKind.DISK_IMAGE, INFRA_ID, location),
        friendly_name=f"ubuntu-24.04-{index:05d}",
        created_at=_START,
        cluster_id=INFRA_ID,
        location=location,
        default_username="ubuntu",
        min_disk_mb=4096,
        min_ram_mib=512,
        short_description=description,
        tags=("cloud", "lts"),
        is_synced=True,
    )


def flavor(index: int) -> Flavor:
    """Return the flavor with this number."""
    return Flavor(
        id=synced_id(IdKind.FLAVOR, INFRA_ID, f"flavor {index}"),
        friendly_name=f"m1.size{index}",
        created_at=_START,
        location=f"flavor {index}",
        vcpus=1,
        ram_mib=2048,
        disk_mb=20_480,
        is_synced=True,
    )


def network(name: str = "public") -> Network:
    """Return a network."""
    return Network(
        id=synced_id(IdKind.NETWORK, INFRA_ID, name),
        friendly_name=name,
        created_at=_START,
        location=name,
    )


def resource(index: int, *, project_id: str, experiment_id: str, owner_id: str) -> Resource:
    """Return a resource that is up, with the history that it has by then."""
    made_at = _START + timedelta(milliseconds=index)
    chance = random.Random(index)  # noqa: S311  no secrets: the same data in each run
    port_id, network_id, server_id = (str(uuid.UUID(int=chance.getrandbits(128))) for _ in "abc")
    address = f"10.99.{index // 250 % 250}.{index % 250 + 2}"
    events = tuple(
        Event(made_at, "system", "built", before, after)
        for before, after in zip((None, *_STATUSES), _STATUSES, strict=False)
    )
    return Resource(
        id=make_id(IdKind.RESOURCE, INFRA_ID, uuid7(made_at, chance.getrandbits(74))),
        infra_id=INFRA_ID,
        project_id=project_id,
        experiment_id=experiment_id,
        owner_id=owner_id,
        task_id=make_id(IdKind.TASK, INFRA_ID, uuid7(made_at, chance.getrandbits(74))),
        spec=ResourceSpec(f"node{index}", disk_image(0).id, flavor(0).id, ("public",)),
        placement=Placement("image", "flavor", (network_id,), "ubuntu", True, 1, 2048),
        created_at=made_at,
        expires_at=made_at + _LIFE,
        status=ResourceStatus.UP,
        version=8,
        server_id=server_id,
        private_ipv4=address,
        network_interfaces=(NetworkInterface(network_id, port_id, (address,)),),
        ssh_host_key_fingerprints=(
            "ssh-ed25519 SHA256:x0Y/MZgXJiW1IQS9vIjshnYlfIqfUeh7YrIbopTzemA",
        ),
        lease_counter=5,
        phone_home_hashes=(f"{chance.getrandbits(256):064x}",),
        phoned_home_at=made_at,
        events=events,
    )


class ScriptedCatalog:
    """A cloud whose offer is given: the port CloudCatalog without the time of a cloud."""

    def __init__(self, disk_images: tuple[DiskImage, ...]) -> None:
        self._disk_images = disk_images

    def disk_images(self) -> tuple[DiskImage, ...]:
        """Return the images given."""
        return self._disk_images

    def flavors(self) -> tuple[Flavor, ...]:
        """Return five flavors."""
        return tuple(flavor(index) for index in range(5))

    def networks(self) -> tuple[Network, ...]:
        """Return two networks."""
        return (network("public"), network("lab"))

    def limits(self) -> CloudLimits:
        """Return limits that never change."""
        return CloudLimits(10, 2, 20, 2, 51_200, 4096)
