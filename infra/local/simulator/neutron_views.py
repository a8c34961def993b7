"""Neutron's records as its JSON shows them to a tenant."""

from typing import Any

from infra.local.simulator.state import Cloud, FloatingIP, Network, Port

SECURITY_GROUP_ID = "b6941d0c-6780-4065-b5f9-c8ce305dee88"
ROUTER_ID = "4f4bc5b6-4a3a-4d5e-9d2b-1d5b5a4f2c11"


def network_view(network: Network) -> dict[str, Any]:
    """Present a network."""
    return {
        "id": network.network_id,
        "name": network.name,
        **_owner(network.project_id),
        "admin_state_up": True,
        "mtu": 1500,
        "status": "ACTIVE",
        "subnets": [network.subnet_id],
        "shared": network.is_shared,
        "availability_zone_hints": [],
        "availability_zones": [],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "router:external": network.is_external,
        "qinq": False,
        "vlan_transparent": False,
        "description": "",
        "port_security_enabled": True,
        "tags": network.tags,
        "created_at": network.created_at,
        "updated_at": network.created_at,
        "revision_number": 2,
    }


def subnet_view(network: Network) -> dict[str, Any]:
    """Present a network's one subnet."""
    first = network.cidr.network_address
    return {
        "id": network.subnet_id,
        "name": f"{network.name}-subnet",
        **_owner(network.project_id),
        "network_id": network.network_id,
        "ip_version": 4,
        "subnetpool_id": None,
        "enable_dhcp": True,
        "ipv6_ra_mode": None,
        "ipv6_address_mode": None,
        "gateway_ip": str(first + 1),
        "cidr": str(network.cidr),
        "allocation_pools": [
            {"start": str(first + 2), "end": str(network.cidr.broadcast_address - 1)}
        ],
        "host_routes": [],
        "dns_nameservers": [],
        "description": "",
        "router:external": network.is_external,
        "service_types": [],
        "tags": [],
        "created_at": network.created_at,
        "updated_at": network.created_at,
        "revision_number": 0,
    }


def port_view(port: Port) -> dict[str, Any]:
    """Present a port."""
    return {
        "id": port.port_id,
        "name": port.name,
        "network_id": port.network_id,
        **_owner(port.project_id),
        "mac_address": port.mac_address,
        "admin_state_up": True,
        "status": port.status,
        "device_id": port.device_id,
        "device_owner": port.device_owner,
        "fixed_ips": [{"subnet_id": port.subnet_id, "ip_address": str(port.address)}],
        "allowed_address_pairs": [],
        "extra_dhcp_opts": [],
        "security_groups": [SECURITY_GROUP_ID],
        "description": port.description,
        "binding:vnic_type": "normal",
        "port_security_enabled": True,
        "tags": port.tags,
        "created_at": port.created_at,
        "updated_at": port.updated_at,
        "revision_number": port.revision,
    }


def floating_ip_view(cloud: Cloud, floating_ip: FloatingIP) -> dict[str, Any]:
    """Present a floating IP."""
    port = cloud.ports.get(floating_ip.port_id or "")
    return {
        "id": floating_ip.floating_ip_id,
        **_owner(floating_ip.project_id),
        "floating_ip_address": str(floating_ip.address),
        "floating_network_id": floating_ip.network_id,
        "router_id": ROUTER_ID if port else None,
        "port_id": floating_ip.port_id,
        "fixed_ip_address": str(port.address) if port else None,
        "status": "ACTIVE" if port else "DOWN",
        "port_details": port_details(port) if port else None,
        "description": floating_ip.description,
        "dns_domain": "",
        "dns_name": "",
        "port_forwardings": [],
        "tags": floating_ip.tags,
        "created_at": floating_ip.created_at,
        "updated_at": floating_ip.updated_at,
        "revision_number": 1,
        "qos_policy_id": None,
    }


def port_details(port: Port) -> dict[str, Any]:
    """Present what a floating IP tells about its port."""
    return {
        "name": port.name,
        "network_id": port.network_id,
        "mac_address": port.mac_address,
        "admin_state_up": True,
        "status": port.status,
        "device_id": port.device_id,
        "device_owner": port.device_owner,
    }


def _owner(project_id: str) -> dict[str, str]:
    return {"tenant_id": project_id, "project_id": project_id}
