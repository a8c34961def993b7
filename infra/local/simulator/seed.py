"""What a fresh simulated cloud holds."""

from ipaddress import IPv4Network

from infra.local.simulator.state import Cloud, DiskImage, Flavor, Network

_ADMIN_PROJECT_ID = "d64166999d1642cdaff3681ec9556c1b"

_FLAVORS = (
    Flavor("1", "m1.tiny", 1, 512, 1),
    Flavor("2", "m1.small", 1, 2048, 20),
    Flavor("3", "m1.medium", 2, 4096, 40),
    Flavor("42", "m1.nano", 1, 128, 1),
    Flavor("99", "m1.impossible", 1, 3_000_000, 1, is_schedulable=False),
)


def fill(cloud: Cloud) -> None:
    """Put flavors, disk images and networks into an empty cloud."""
    cloud.flavors.update({flavor.flavor_id: flavor for flavor in _FLAVORS})
    add_disk_image(
        cloud,
        "ubuntu-24.04",
        min_ram_mib=512,
        properties={
            "os_distro": "ubuntu",
            "slices_default_username": "ubuntu",
            "slices_cloud_init": "true",
        },
    )
    add_disk_image(cloud, "cirros-like", properties={"slices_cloud_init": "false"})
    add_disk_image(cloud, "huge-disk", min_disk_gib=30)
    add_network(cloud, "public", "10.99.0.0/20", is_shared=True)
    add_network(cloud, "lab", "10.98.0.0/24", is_shared=True)
    # TEST-NET-3 is documentation's own: no route can lead there by accident.
    add_network(cloud, "external", "203.0.113.0/24", is_external=True)


def add_disk_image(
    cloud: Cloud,
    name: str,
    *,
    size_bytes: int = 24_576,
    min_ram_mib: int = 0,
    min_disk_gib: int = 0,
    properties: dict[str, str] | None = None,
) -> DiskImage:
    """Put a public disk image into the catalog."""
    disk_image = DiskImage(
        name=name,
        owner_id=_ADMIN_PROJECT_ID,
        size_bytes=size_bytes,
        min_ram_mib=min_ram_mib,
        min_disk_gib=min_disk_gib,
        properties=dict(properties or {}),
    )
    cloud.disk_images[disk_image.disk_image_id] = disk_image
    return disk_image


def add_network(
    cloud: Cloud, name: str, cidr: str, *, is_shared: bool = False, is_external: bool = False
) -> Network:
    """Put a network with one subnet into the cloud."""
    network = Network(name, _ADMIN_PROJECT_ID, IPv4Network(cidr), is_shared, is_external)
    cloud.networks[network.network_id] = network
    return network
