"""What Nova checks against the cloud before it accepts a server."""

from typing import Any

from infra.local.simulator import ipam, nova_schema
from infra.local.simulator.state import Cloud, DiskImage, Flavor, RequestedNIC, Server
from infra.local.simulator.web import ApiError, Identity

_GIB = 1024**3
_ZONE = "nova"


def accept(cloud: Cloud, wanted: dict[str, Any], identity: Identity) -> Server:
    """Check a creation in Nova's order and record the server; nothing is built yet.

    Raises:
        ApiError: 400, 403 or 409 with Nova's sentence; then nothing was recorded.
    """
    nova_schema.check(wanted)
    nics = nova_schema.requested_nics(wanted["networks"])
    flavor = _flavor(cloud, str(wanted["flavorRef"]))
    disk_image = _disk_image(cloud, wanted["imageRef"], identity.project_id)
    _check_fit(flavor, disk_image)
    _check_names(wanted)
    for nic in nics:
        _check_nic(cloud, nic, identity.project_id)
    _check_port_quota(cloud, nics, identity.project_id)
    _check_quota(cloud, flavor, identity.project_id)
    server = Server(
        name=wanted["name"].strip(),
        project_id=identity.project_id,
        user_id=identity.user_id,
        flavor=flavor,
        disk_image_id=disk_image.disk_image_id,
        disk_image_properties=dict(disk_image.properties),
        requested_nics=nics,
        metadata=dict(wanted.get("metadata", {})),
        tags=sorted(set(wanted.get("tags", []))),
        user_data=nova_schema.decoded_user_data(wanted),
        has_config_drive=wanted.get("config_drive") in {True, "true", "True"},
        description=wanted.get("description"),
    )
    cloud.servers[server.server_id] = server
    return server


def usage(cloud: Cloud, project_id: str) -> dict[str, int]:
    """Count what a project's servers use; those in ERROR count until they are deleted."""
    servers = [
        server
        for server in cloud.servers.values()
        if server.project_id == project_id and server.vm_state != "deleted"
    ]
    return {
        "instances": len(servers),
        "cores": sum(server.flavor.vcpus for server in servers),
        "ram": sum(_charged_ram(server.flavor) for server in servers),
    }


def _charged_ram(flavor: Flavor) -> int:
    # The impossible flavor is larger than any sensible quota; charging it would hide
    # "No valid host was found", which it is there to show.
    return flavor.ram_mib if flavor.is_schedulable else 0


def _flavor(cloud: Cloud, flavor_id: str) -> Flavor:
    flavor = cloud.flavors.get(flavor_id)
    if flavor is None:
        raise ApiError(400, f"Flavor {flavor_id} could not be found.")
    return flavor


def _disk_image(cloud: Cloud, disk_image_id: str, project_id: str) -> DiskImage:
    disk_image = cloud.disk_images.get(disk_image_id)
    if disk_image is None or (
        disk_image.visibility == "private" and disk_image.owner_id != project_id
    ):
        raise ApiError(400, "Can not find requested image")
    if disk_image.status != "active":
        raise ApiError(400, f"Image {disk_image_id} is not active.")
    return disk_image


def _check_fit(flavor: Flavor, disk_image: DiskImage) -> None:
    if flavor.ram_mib < disk_image.min_ram_mib:
        raise ApiError(400, "Flavor's memory is too small for requested image.")
    disk_bytes = flavor.disk_gib * _GIB
    if disk_bytes < disk_image.size_bytes:
        raise ApiError(
            400,
            "Flavor's disk is too small for requested image. "
            f"Flavor disk is {disk_bytes} bytes, image is {disk_image.size_bytes} bytes.",
        )
    min_bytes = disk_image.min_disk_gib * _GIB
    if disk_bytes < min_bytes:
        raise ApiError(
            400,
            "Flavor's disk is smaller than the minimum size specified in image metadata. "
            f"Flavor disk is {disk_bytes} bytes, minimum size is {min_bytes} bytes.",
        )


def _check_names(wanted: dict[str, Any]) -> None:
    if wanted.get("key_name") is not None:
        raise ApiError(400, "Invalid key_name provided.")
    for group in wanted.get("security_groups", []):
        if group.get("name") != "default":
            raise ApiError(
                400, f"Unable to find security_group with name or id '{group.get('name')}'"
            )
    if wanted.get("availability_zone") not in {None, _ZONE}:
        raise ApiError(400, "The requested availability zone is not available")


def _check_nic(cloud: Cloud, nic: RequestedNIC, project_id: str) -> None:
    if nic.port_id is not None:
        port = cloud.ports.get(nic.port_id)
        if port is None or port.project_id != project_id:
            raise ApiError(400, f"Port id {nic.port_id} could not be found.")
        if port.device_id:
            raise ApiError(409, f"Port {nic.port_id} is still in use.")
        return
    network = cloud.networks.get(nic.network_id or "")
    if network is None or not (network.is_shared or network.project_id == project_id):
        raise ApiError(400, f"Network {nic.network_id} could not be found.")
    if nic.address is not None and nic.address in ipam.taken_addresses(cloud, network):
        raise ApiError(400, f"Fixed IP address {nic.address} is already in use on instance .")


def _check_port_quota(cloud: Cloud, nics: list[RequestedNIC], project_id: str) -> None:
    new = sum(nic.port_id is None for nic in nics)
    own = sum(port.project_id == project_id for port in cloud.ports.values())
    if new and 0 <= cloud.quota.ports < own + new:
        raise ApiError(403, "Maximum number of ports exceeded")


def _check_quota(cloud: Cloud, flavor: Flavor, project_id: str) -> None:
    used = usage(cloud, project_id)
    limits = {
        "cores": cloud.quota.cores,
        "instances": cloud.quota.instances,
        "ram": cloud.quota.ram,
    }
    needed = {"cores": flavor.vcpus, "instances": 1, "ram": _charged_ram(flavor)}
    over = [name for name in limits if 0 <= limits[name] < used[name] + needed[name]]
    if over:
        # With several resources over, Nova names all of them and counts the first.
        first, names = over[0], ",".join(over)
        raise ApiError(
            403,
            f"Quota exceeded for {names}: Requested {needed[first]}, "
            f"but already used {used[first]} of {limits[first]} {names}",
        )
