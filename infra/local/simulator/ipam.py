"""Addresses and ports: Neutron hands them out, Nova borrows the same hands."""

import secrets
from ipaddress import IPv4Address

from infra.local.simulator.state import Cloud, Network, Port, timestamp
from infra.local.simulator.web import ApiError

# Reserved by a subnet: its own address, the gateway and the broadcast address.
_GATEWAY_OFFSET = 1


def taken_addresses(cloud: Cloud, network: Network) -> set[IPv4Address]:
    """Collect the addresses in use on a network, floating ones included."""
    fixed = {port.address for port in cloud.ports.values() if port.network_id == network.network_id}
    floating = {
        one.address for one in cloud.floating_ips.values() if one.network_id == network.network_id
    }
    return fixed | floating


def free_address(cloud: Cloud, network: Network) -> IPv4Address | None:
    """Find the lowest free address of a network, if there is one."""
    taken = taken_addresses(cloud, network)
    gateway = network.cidr.network_address + _GATEWAY_OFFSET
    return next(
        (host for host in network.cidr.hosts() if host != gateway and host not in taken), None
    )


def create_port(
    cloud: Cloud, network: Network, project_id: str, address: IPv4Address | None = None
) -> Port:
    """Create an unbound port.

    Raises:
        ApiError: 409, the address is taken or no address is free.
    """
    if address is not None and address in taken_addresses(cloud, network):
        raise ApiError(
            409,
            f"IP address {address} already allocated in subnet {network.subnet_id}",
            "IpAddressAlreadyAllocated",
        )
    chosen = address or free_address(cloud, network)
    if chosen is None:
        raise ApiError(
            409,
            f"No more IP addresses available on network {network.network_id}.",
            "IpAddressGenerationFailure",
        )
    port = Port(
        network_id=network.network_id,
        subnet_id=network.subnet_id,
        project_id=project_id,
        address=chosen,
        mac_address=_mac_address(),
    )
    cloud.ports[port.port_id] = port
    return port


def bind_port(port: Port, server_id: str) -> None:
    """Give a port to a server."""
    port.device_id, port.device_owner, port.status = server_id, "compute:nova", "ACTIVE"
    _touch(port)


def unbind_port(port: Port) -> None:
    """Take a port from whoever holds it."""
    port.device_id, port.device_owner, port.status = "", "", "DOWN"
    _touch(port)


def delete_port(cloud: Cloud, port_id: str) -> None:
    """Delete a port if it is there; a floating IP on it survives, unassociated."""
    cloud.ports.pop(port_id, None)
    for floating_ip in cloud.floating_ips.values():
        if floating_ip.port_id == port_id:
            floating_ip.port_id = None
            floating_ip.updated_at = timestamp()


def _touch(port: Port) -> None:
    port.updated_at = timestamp()
    port.revision += 1


def _mac_address() -> str:
    return "fa:16:3e:" + ":".join(f"{byte:02x}" for byte in secrets.token_bytes(3))
