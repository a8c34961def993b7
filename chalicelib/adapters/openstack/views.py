"""Read the SDK's objects into the port's objects, and mark what is this infrastructure's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from msgspec import Struct

from chalicelib.adapters.openstack.faults import fault_in_words
from chalicelib.domain.errors import CloudRefused, CloudUnreachable
from chalicelib.services.cloud_ports import FloatingIP, Port, Server, ServerStatus

MAX_ENTRIES = 10_000

_REBOOT_STATUSES = frozenset({"REBOOT", "HARD_REBOOT"})
_RUNNING_STATUSES = frozenset({"ACTIVE", "PASSWORD", "MIGRATING", "RESIZE", "VERIFY_RESIZE"})
_BUILD_STATUSES = frozenset({"BUILD", "REBUILD"})

ItemT = TypeVar("ItemT")


class Mark(Struct, frozen=True):
    """How objects in the cloud say that they are ours.

    Servers carry tags. Ports and floating IPs carry a description, because Neutron takes tags
    only in a second request, and a crash between the two would leave an object without an owner.
    """

    infra_id: str

    @property
    def tag(self) -> str:
        """The tag that all servers of the infrastructure carry."""
        return f"slices-bi:{self.infra_id}"

    def description(self, resource_id: str) -> str:
        """Return the description of a resource's port or floating IP."""
        return f"{self.tag} {resource_id}"

    def owner(self, description: str | None) -> str | None:
        """Return the resource that a description names, None when it is not one of ours."""
        tag, _, resource_id = (description or "").partition(" ")
        return resource_id if tag == self.tag and resource_id else None


def bounded(items: Iterable[ItemT]) -> tuple[ItemT, ...]:
    """Return all items of a paginated list.

    Raises:
        CloudRefused: there are more than 10,000: half a list would look like missing objects.
    """
    result = tuple(islice(items, MAX_ENTRIES + 1))
    if len(result) > MAX_ENTRIES:
        raise CloudRefused(
            f"OpenStack lists more than {MAX_ENTRIES} objects, more than this site can handle. "
            "Tell the operator of this site."
        )
    return result


def to_server(server: Any, fallback: datetime) -> Server:
    """Return an SDK server as the port's; `fallback` stands in for an unknown creation time."""
    status = _server_status(server.status, server.task_state)
    fault = server.fault if status is ServerStatus.ERROR else None
    return Server(
        id=server.id,
        resource_id=(server.metadata or {}).get("resource_id"),
        status=status,
        created_at=moment(server.created_at, fallback),
        fault=fault_in_words(str(fault.get("message", ""))) if fault else None,
    )


def with_tag(servers: Iterable[Any], tag: str) -> list[Any]:
    """Return the servers that exist and carry the tag.

    Nova shows deleted servers for a moment, and ignores filters that it does not know: so its
    answer is sifted again.

    Raises:
        CloudUnreachable: some servers cannot be seen just now, for their cell is down.
    """
    if any(server.status == "UNKNOWN" for server in servers):
        raise CloudUnreachable("A part of the cloud does not answer; try again later.")
    return [
        server for server in servers if server.status != "DELETED" and tag in (server.tags or ())
    ]


def to_port(port: Any, mark: Mark, fallback: datetime) -> Port:
    """Return an SDK port as the port's Port."""
    return Port(
        id=port.id,
        resource_id=mark.owner(port.description),
        network_id=port.network_id,
        addresses=tuple(fixed["ip_address"] for fixed in port.fixed_ips or ()),
        device_id=port.device_id or None,
        created_at=moment(port.created_at, fallback),
    )


def to_floating_ip(floating_ip: Any, mark: Mark, fallback: datetime) -> FloatingIP:
    """Return an SDK floating IP as the port's."""
    return FloatingIP(
        id=floating_ip.id,
        resource_id=mark.owner(floating_ip.description),
        address=floating_ip.floating_ip_address,
        port_id=floating_ip.port_id or None,
        created_at=moment(floating_ip.created_at, fallback),
    )


def moment(text: str | None, fallback: datetime) -> datetime:
    """Return the cloud's timestamp (UTC, with or without zone), or the fallback for none."""
    if not text:
        return fallback
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _server_status(status: str, task_state: str | None) -> ServerStatus:
    task = task_state or ""
    if task in {"deleting", "soft-deleting"} or status == "SOFT_DELETED":
        return ServerStatus.DELETING
    if status == "ERROR":
        return ServerStatus.ERROR
    if status in _REBOOT_STATUSES or task.startswith("reboot"):
        return ServerStatus.REBOOTING
    if status in _BUILD_STATUSES:
        is_waiting = task in {"", "scheduling"}
        return ServerStatus.SCHEDULING if is_waiting else ServerStatus.SPAWNING
    if status in _RUNNING_STATUSES:
        return ServerStatus.ACTIVE
    return ServerStatus.STOPPED
