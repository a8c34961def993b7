"""Nova's records as its JSON shows them to a tenant, in the shape of microversion 2.100."""

import base64
import secrets
from typing import Any

from infra.local.simulator.state import Cloud, Flavor, Quota, Server

_STATUSES = {
    "building": "BUILD",
    "active": "ACTIVE",
    "stopped": "SHUTOFF",
    "error": "ERROR",
    "deleted": "DELETED",
}
_TASK_STATUSES = {"reboot_started": "REBOOT", "reboot_started_hard": "HARD_REBOOT"}


def server_status(server: Server) -> str:
    """Tell the API status."""
    if server.vm_state == "active" and server.task_state in _TASK_STATUSES:
        return _TASK_STATUSES[server.task_state]
    return _STATUSES[server.vm_state]


def created_view(server: Server, origin: str) -> dict[str, Any]:
    """Present what the answer to a creation holds."""
    return {
        "id": server.server_id,
        "links": _links("servers", server.server_id, origin),
        "OS-DCF:diskConfig": "MANUAL",
        "security_groups": [{"name": "default"}],
        "adminPass": secrets.token_urlsafe(9),
    }


def server_view(cloud: Cloud, server: Server, origin: str) -> dict[str, Any]:
    """Present a server in detail."""
    status = server_status(server)
    image_link = f"{origin}/compute/images/{server.disk_image_id}"
    return {
        "accessIPv4": "",
        "accessIPv6": "",
        "addresses": _addresses(cloud, server),
        "created": server.created_at,
        "flavor": _embedded_flavor(server.flavor),
        "hostId": server.host_id,
        "id": server.server_id,
        "image": {
            "id": server.disk_image_id,
            "links": [{"rel": "bookmark", "href": image_link}],
            "properties": server.disk_image_properties,
        },
        "links": _links("servers", server.server_id, origin),
        "metadata": server.metadata,
        "name": server.name,
        "status": status,
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "updated": server.updated_at,
        "OS-DCF:diskConfig": "MANUAL",
        **({"progress": 0} if status in {"BUILD", "ACTIVE"} else {}),
        **({"fault": server.fault} if server.fault and status == "ERROR" else {}),
        "OS-EXT-AZ:availability_zone": "nova" if server.host_id else "",
        "config_drive": "True" if server.has_config_drive else "",
        "key_name": None,
        "OS-SRV-USG:launched_at": server.launched_at,
        "OS-SRV-USG:terminated_at": server.terminated_at,
        **({"security_groups": [{"name": "default"}]} if server.is_networked else {}),
        "OS-EXT-STS:task_state": server.task_state,
        "OS-EXT-STS:vm_state": server.vm_state,
        "OS-EXT-STS:power_state": server.power_state,
        "os-extended-volumes:volumes_attached": [],
        "locked": False,
        "description": server.description,
        "tags": server.tags,
        "trusted_image_certificates": None,
        "server_groups": [],
        "locked_reason": None,
        "OS-EXT-SRV-ATTR:hostname": server.hostname,
        "pinned_availability_zone": None,
        "scheduler_hints": {},
    }


def flavor_view(flavor: Flavor, origin: str) -> dict[str, Any]:
    """Present a flavor in detail."""
    return {
        "id": flavor.flavor_id,
        "name": flavor.name,
        "ram": flavor.ram_mib,
        "disk": flavor.disk_gib,
        "swap": "",
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "OS-FLV-DISABLED:disabled": False,
        "vcpus": flavor.vcpus,
        "os-flavor-access:is_public": True,
        "rxtx_factor": 1.0,
        "links": _links("flavors", flavor.flavor_id, origin),
        "description": None,
        "extra_specs": {},
    }


def limits_view(quota: Quota, used: dict[str, int]) -> dict[str, Any]:
    """Present the project's limits and what is used of them."""
    absolute = {
        "maxServerMeta": 128,
        "maxTotalInstances": quota.instances,
        "maxTotalKeypairs": 100,
        "maxTotalCores": quota.cores,
        "maxTotalRAMSize": quota.ram,
        "maxServerGroups": 10,
        "maxServerGroupMembers": 10,
        "totalRAMUsed": used["ram"],
        "totalCoresUsed": used["cores"],
        "totalInstancesUsed": used["instances"],
        "totalServerGroupsUsed": 0,
    }
    return {"limits": {"rate": [], "absolute": absolute}}


def console_output(server: Server) -> str:
    """Print what the console shows: the decoded user data, so that tests see it arrive."""
    text = (server.user_data or b"").decode(errors="replace")
    return (
        f"[    0.000000] simulated console of {server.server_id}\n{server.name} login: \n"
        f"-----BEGIN USER DATA-----\n{text}\n-----END USER DATA-----"
    )


def remote_console(server: Server, protocol: str, kind: str, origin: str) -> dict[str, str]:
    """Invent a console URL; nothing answers there."""
    token = base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()
    url = f"{origin}/console/vnc_auto.html?path=%3Ftoken%3D{token}&server={server.server_id}"
    return {"protocol": protocol, "type": kind, "url": url}


def _addresses(cloud: Cloud, server: Server) -> dict[str, list[dict[str, Any]]]:
    addresses: dict[str, list[dict[str, Any]]] = {}
    # Until the build ends a client sees no address, though the port has one already.
    for nic in server.nics if server.vm_state != "building" else ():
        floating = [
            one.address for one in cloud.floating_ips.values() if one.port_id == nic.port_id
        ]
        addresses.setdefault(nic.network_name, []).extend(
            {
                "version": 4,
                "addr": str(address),
                "OS-EXT-IPS:type": kind,
                "OS-EXT-IPS-MAC:mac_addr": nic.mac_address,
            }
            for kind, address in [
                ("fixed", nic.address),
                *(("floating", address) for address in floating),
            ]
        )
    return addresses


def _embedded_flavor(flavor: Flavor) -> dict[str, Any]:
    return {
        "vcpus": flavor.vcpus,
        "ram": flavor.ram_mib,
        "disk": flavor.disk_gib,
        "ephemeral": 0,
        "swap": 0,
        "original_name": flavor.name,
        "extra_specs": {},
    }


def _links(collection: str, record_id: str, origin: str) -> list[dict[str, str]]:
    return [
        {"rel": "self", "href": f"{origin}/compute/v2.1/{collection}/{record_id}"},
        {"rel": "bookmark", "href": f"{origin}/compute/{collection}/{record_id}"},
    ]
