"""The content of a fresh cloud: flavors, disk images, networks and a router."""

import hashlib
from typing import Any

from infra.local.openstack.clouds import TENANT_PROJECT

MIB_PER_GIB = 1024
DISK_IMAGE_BYTES = 4096

FLAVORS = (
    # name, virtual CPUs, memory in MiB, disk in GiB
    ("m1.nano", 1, 128, 1),
    ("m1.micro", 1, 256, 2),
    ("m1.tiny", 1, 512, 5),
    ("m1.small", 1, 2 * MIB_PER_GIB, 20),
    ("m1.medium", 2, 4 * MIB_PER_GIB, 40),
    ("m1.large", 4, 8 * MIB_PER_GIB, 80),
    # The API accepts it and no host has it: "No valid host was found".
    ("m1.impossible", 1, 3_000_000, 1),
)

DISK_IMAGES: tuple[tuple[str, dict[str, object]], ...] = (
    ("cirros-like", {"slices_default_username": "cirros", "slices_cloud_init": "false"}),
    (
        "ubuntu-24.04",
        {"min_ram": 512, "slices_default_username": "ubuntu", "slices_cloud_init": "true"},
    ),
    (
        "huge-disk",
        {"min_disk": 30, "slices_default_username": "ubuntu", "slices_cloud_init": "true"},
    ),
)

SHARED_NETWORKS = {"public": "10.99.0.0/20", "lab": "10.98.0.0/20"}
EXTERNAL_NETWORK = "external"
EXTERNAL_SUBNET = "198.51.100.0/24"
ROUTER = "slices-router"


def seed(cloud: Any) -> None:
    """Create the content, as admin, in a cloud that has none."""
    for name, vcpus, memory_mib, disk_gib in FLAVORS:
        cloud.compute.create_flavor(name=name, vcpus=vcpus, ram=memory_mib, disk=disk_gib)
    for name, properties in DISK_IMAGES:
        _create_disk_image(cloud.image, name, properties)
    subnets = [
        _create_network(cloud.network, name, cidr, is_shared=True)
        for name, cidr in SHARED_NETWORKS.items()
    ]
    _create_network(cloud.network, EXTERNAL_NETWORK, EXTERNAL_SUBNET, is_router_external=True)
    _create_router(cloud, subnets)


def _create_disk_image(service: Any, name: str, properties: dict[str, object]) -> None:
    """Create a public image of a few kB; nothing boots from it, so any bytes do."""
    content = hashlib.shake_128(name.encode()).digest(DISK_IMAGE_BYTES)
    disk_image = service.create_image(
        name,
        disk_format="raw",
        container_format="bare",
        visibility="public",
        data=content,
        **properties,
    )
    service.wait_for_status(disk_image, "active", failures=["killed"], interval=0.1, wait=30)


def _create_network(service: Any, name: str, cidr: str, **attributes: bool) -> Any:
    """Create a flat network with one subnet, and return the subnet."""
    network = service.create_network(
        name=name,
        provider_network_type="flat",
        provider_physical_network=name,
        **attributes,
    )
    return service.create_subnet(
        name=f"{name}-subnet",
        network_id=network.id,
        ip_version=4,
        cidr=cidr,
        is_dhcp_enabled=False,
    )


def _create_router(cloud: Any, subnets: list[Any]) -> None:
    """Connect the shared networks to the external one, so that floating IPs can be given."""
    project = cloud.identity.find_project(TENANT_PROJECT, ignore_missing=False)
    external = cloud.network.find_network(EXTERNAL_NETWORK, ignore_missing=False)
    router = cloud.network.create_router(
        name=ROUTER, project_id=project.id, external_gateway_info={"network_id": external.id}
    )
    for subnet in subnets:
        cloud.network.add_interface_to_router(router, subnet_id=subnet.id)
