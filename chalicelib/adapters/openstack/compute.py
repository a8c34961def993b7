"""Servers, ports and floating IPs in OpenStack: the port Compute."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeVar

from chalicelib.adapters.openstack import sdk
from chalicelib.adapters.openstack.cloud import Cloud, Service
from chalicelib.adapters.openstack.connection import CloudConnection
from chalicelib.adapters.openstack.lookup import disk_image_id, flavor_id, network_id
from chalicelib.adapters.openstack.views import (
    Mark,
    bounded,
    to_floating_ip,
    to_port,
    to_server,
    with_tag,
)
from chalicelib.domain.errors import CloudOutcomeUnknown, CloudRefused
from chalicelib.services.cloud_ports import FloatingIP, Port, Server, ServerSpec, ServerStatus
from chalicelib.services.ports import Clock

ResourceT = TypeVar("ResourceT", bound=sdk.Resource)


class OpenStackCompute:
    """The port Compute, on one project of an OpenStack cloud."""

    def __init__(
        self, connection: CloudConnection, infra_id: str, external_network: str, clock: Clock
    ) -> None:
        self._connection = connection
        self._mark = Mark(infra_id)
        self._external_network = external_network
        self._clock = clock

    # --- servers -----------------------------------------------------------------------------

    def find_servers(self, resource_id: str) -> tuple[Server, ...]:
        """Return the servers tagged with the resource, oldest first; being-deleted ones too."""
        return self._tagged(resource_id)

    def all_servers(self) -> Iterator[Server]:
        """Return every server that carries this infrastructure's tag."""
        return iter(self._tagged(self._mark.tag))

    def _tagged(self, tag: str) -> tuple[Server, ...]:
        with self._connection.call() as cloud:
            listed = sdk.Server.list(cloud.compute, base_path="/servers/detail", tags=tag)
            found = with_tag(bounded(listed), tag)
            servers = [to_server(server, self._clock()) for server in found]
        return tuple(sorted(servers, key=lambda server: (server.created_at, server.id)))

    def create_server(self, spec: ServerSpec) -> Server:
        """Send one POST /servers, tagged and with metadata.

        The answer carries nothing but the id: status and time of the result are assumed.
        """
        with self._connection.call(is_repeatable=False) as cloud:
            created = _create(
                sdk.Server,
                cloud.compute,
                name=spec.name,
                image_id=disk_image_id(cloud, spec.disk_image_ref),
                flavor_id=flavor_id(cloud, spec.flavor_ref),
                networks=[{"port": port_id} for port_id in spec.port_ids],
                config_drive=True,
                user_data=base64.b64encode(spec.user_data).decode("ascii"),
                metadata={
                    "resource_id": spec.resource_id,
                    "task_id": spec.task_id,
                    "attempt": str(spec.attempt),
                },
                tags=[spec.resource_id, self._mark.tag],
            )
            return Server(
                id=_id_of(created),
                resource_id=spec.resource_id,
                status=ServerStatus.SCHEDULING,
                created_at=self._clock(),
            )

    def delete_server(self, server_id: str) -> None:
        """Ask for the deletion; fine when there is none."""
        with self._connection.call() as cloud:
            _delete(sdk.Server, cloud.compute, server_id)

    def reboot_server(self, server_id: str) -> None:
        """Ask for a hard reboot."""
        with self._connection.call(is_repeatable=False) as cloud:
            sdk.Server.new(id=server_id).reboot(cloud.compute, "HARD")

    def console_url(self, server_id: str) -> str:
        """Return a fresh URL of the server's web console."""
        with self._connection.call() as cloud:
            console = _create(
                sdk.ServerRemoteConsole,
                cloud.compute,
                server_id=server_id,
                type="novnc",
                protocol="vnc",
            )
            if not console.url:
                raise CloudRefused("This site gives out no address for web consoles. Use SSH.")
            return str(console.url)

    # --- ports -------------------------------------------------------------------------------

    def find_ports(self, resource_id: str) -> tuple[Port, ...]:
        """Return the ports marked as the resource's, by id."""
        with self._connection.call() as cloud:
            description = self._mark.description(resource_id)
            found = bounded(sdk.Port.list(cloud.network, description=description))
            ports = [to_port(port, self._mark, self._clock()) for port in found]
        return tuple(
            sorted(
                (port for port in ports if port.resource_id == resource_id),
                key=lambda port: port.id,
            )
        )

    def all_ports(self) -> Iterator[Port]:
        """Return every port that carries this infrastructure's mark."""
        with self._connection.call() as cloud:
            found = bounded(sdk.Port.list(cloud.network))
            ports = [to_port(port, self._mark, self._clock()) for port in found]
        return (port for port in ports if port.resource_id is not None)

    def create_port(self, resource_id: str, network_ref: str, index: int) -> Port:
        """Create a marked port on a network; `index` tells a resource's ports apart by name."""
        with self._connection.call(is_repeatable=False) as cloud:
            created = _create(
                sdk.Port,
                cloud.network,
                network_id=network_id(cloud, network_ref),
                name=f"{resource_id}-{index}",
                description=self._mark.description(resource_id),
            )
            _id_of(created)
            return to_port(created, self._mark, self._clock())

    def delete_port(self, port_id: str) -> None:
        """Delete a port; fine when there is none."""
        with self._connection.call() as cloud:
            _delete(sdk.Port, cloud.network, port_id)

    # --- floating IPs ------------------------------------------------------------------------

    def find_floating_ips(self, resource_id: str) -> tuple[FloatingIP, ...]:
        """Return the floating IPs of the resource, by id."""
        own = (ip for ip in self.all_floating_ips() if ip.resource_id == resource_id)
        return tuple(sorted(own, key=lambda ip: ip.id))

    def all_floating_ips(self) -> Iterator[FloatingIP]:
        """Return every floating IP that this infrastructure made."""
        with self._connection.call() as cloud:
            found = bounded(_ips(cloud))
            addresses = [to_floating_ip(ip, self._mark, self._clock()) for ip in found]
        return (ip for ip in addresses if ip.resource_id is not None)

    def create_floating_ip(self, resource_id: str, port_id: str) -> FloatingIP:
        """Allocate a public address on the external network and attach it to the port."""
        with self._connection.call(is_repeatable=False) as cloud:
            created = _create(
                sdk.FloatingIP,
                cloud.network,
                floating_network_id=network_id(cloud, self._external_network),
                port_id=port_id,
                description=self._mark.description(resource_id),
            )
            _id_of(created)
            return to_floating_ip(created, self._mark, self._clock())

    def delete_floating_ip(self, floating_ip_id: str) -> None:
        """Give the address back; fine when it is gone."""
        with self._connection.call() as cloud:
            _delete(sdk.FloatingIP, cloud.network, floating_ip_id)


def _ips(cloud: Cloud) -> Iterator[sdk.FloatingIP]:
    """Yield the floating IPs: none where the cloud has no routers, and so no such list."""
    try:
        yield from sdk.FloatingIP.list(cloud.network)
    except sdk.exceptions.NotFoundException:
        return


def _create(kind: type[ResourceT], service: Service, **attributes: Any) -> ResourceT:
    return kind.new(**attributes).create(service)


def _delete(kind: type[sdk.Resource], service: Service, id_: str) -> None:
    with suppress(sdk.exceptions.NotFoundException):
        kind.new(id=id_).delete(service)


def _id_of(created: sdk.Resource) -> str:
    """Return the id of what was created.

    Raises:
        CloudOutcomeUnknown: there is none: the SDK passes over a body that is not JSON.
    """
    if not created.id:
        raise CloudOutcomeUnknown(
            "OpenStack's answer cannot be read; whether it acted is looked up."
        )
    return str(created.id)
