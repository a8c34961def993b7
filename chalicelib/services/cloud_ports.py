"""What the use cases need of the cloud; chalicelib/adapters/openstack implements it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from chalicelib.domain.catalog import CloudLimits, DiskImage, Flavor, Network


class ServerStatus(StrEnum):
    """What Nova says of a server, as far as the lifecycle cares."""

    SCHEDULING = "scheduling"
    SPAWNING = "spawning"
    ACTIVE = "active"
    REBOOTING = "rebooting"
    STOPPED = "stopped"
    ERROR = "error"
    DELETING = "deleting"


class Server(Struct, frozen=True):
    """A server in the cloud; `resource_id` is read from its metadata.

    `fault` is the cloud's own sentence for status ERROR.
    """

    id: str
    resource_id: str | None
    status: ServerStatus
    created_at: datetime
    fault: str | None = None


class ServerSpec(Struct, frozen=True):
    """All that a server create needs. `user_data` is raw MIME text, never logged."""

    resource_id: str
    task_id: str
    attempt: int
    name: str
    disk_image_ref: str
    flavor_ref: str
    port_ids: tuple[str, ...]
    user_data: bytes


class Port(Struct, frozen=True):
    """A network port that is tagged as a resource's."""

    id: str
    resource_id: str | None
    network_id: str
    addresses: tuple[str, ...]
    device_id: str | None
    created_at: datetime


class FloatingIP(Struct, frozen=True):
    """A public IPv4 address."""

    id: str
    resource_id: str | None
    address: str
    port_id: str | None
    created_at: datetime


class Compute(Protocol):
    """Servers and their network, found again by the resource id that they are tagged with.

    Every call has an explicit timeout. All raise CloudUnreachable when nothing was changed for
    sure, CloudOutcomeUnknown when a change was sent and its answer lost, CloudCredentialsRefused,
    or CloudRefused with a detail in words that a user can act on. Nothing is retried inside.
    """

    def find_servers(self, resource_id: str) -> tuple[Server, ...]:
        """Return the servers tagged with the resource, oldest first; being-deleted ones too."""

    def create_server(self, spec: ServerSpec) -> Server:
        """Send one POST /servers, tagged and with metadata."""

    def delete_server(self, server_id: str) -> None:
        """Ask for the deletion; fine when there is none."""

    def reboot_server(self, server_id: str) -> None:
        """Ask for a hard reboot."""

    def console_url(self, server_id: str) -> str:
        """Return a fresh URL of the server's web console."""

    def find_ports(self, resource_id: str) -> tuple[Port, ...]:
        """Return the ports tagged with the resource, by id."""

    def create_port(self, resource_id: str, network_ref: str, index: int) -> Port:
        """Create a tagged port on a network; `index` tells a resource's ports apart by name."""

    def delete_port(self, port_id: str) -> None:
        """Delete a port; fine when there is none."""

    def find_floating_ips(self, resource_id: str) -> tuple[FloatingIP, ...]:
        """Return the floating IPs of the resource, by id."""

    def create_floating_ip(self, resource_id: str, port_id: str) -> FloatingIP:
        """Allocate a public address on the external network and attach it to the port."""

    def delete_floating_ip(self, floating_ip_id: str) -> None:
        """Give the address back; fine when it is gone."""

    def all_servers(self) -> Iterator[Server]:
        """Return every server that carries this infrastructure's tag."""

    def all_ports(self) -> Iterator[Port]:
        """Return every port that carries this infrastructure's tag."""

    def all_floating_ips(self) -> Iterator[FloatingIP]:
        """Return every floating IP that this infrastructure made."""


class CloudCatalog(Protocol):
    """What the cloud offers."""

    def disk_images(self) -> Iterable[DiskImage]:
        """Return its images as catalog entries with their synced ids."""

    def flavors(self) -> Iterable[Flavor]:
        """Return its flavors."""

    def networks(self) -> Iterable[Network]:
        """Return the networks that VMs may use, and external ones."""

    def limits(self) -> CloudLimits:
        """Return the account's limits and use."""
