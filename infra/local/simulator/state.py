"""The simulated cloud's memory: plain records behind one lock. Behavior lives elsewhere."""

import re
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from infra.local.simulator.agenda import Agenda


def new_id() -> str:
    """Make an id as Nova, Neutron and Glance write them."""
    return str(uuid.uuid4())


def timestamp() -> str:
    """Tell the time as the services write it, in whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise_timestamp() -> str:
    """Tell the time as Nova writes it in ``launched_at``: microseconds and no zone."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


@dataclass(frozen=True, slots=True)
class Flavor:
    """A size of server; an unschedulable one is accepted, but no host can hold it."""

    flavor_id: str
    name: str
    vcpus: int
    ram_mib: int
    disk_gib: int
    is_schedulable: bool = True


@dataclass(slots=True)
class DiskImage:
    """A Glance image without its bytes."""

    name: str
    owner_id: str
    size_bytes: int = 24_576
    min_ram_mib: int = 0
    min_disk_gib: int = 0
    visibility: str = "public"
    status: str = "active"
    is_protected: bool = False
    properties: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    disk_image_id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=timestamp)
    updated_at: str = field(default_factory=timestamp)


@dataclass(slots=True)
class Network:
    """A network with exactly one subnet."""

    name: str
    project_id: str
    cidr: IPv4Network
    is_shared: bool = False
    is_external: bool = False
    tags: list[str] = field(default_factory=list)
    network_id: str = field(default_factory=new_id)
    subnet_id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=timestamp)


@dataclass(slots=True)
class Port:
    """A Neutron port; bound while ``device_id`` names a server."""

    network_id: str
    subnet_id: str
    project_id: str
    address: IPv4Address
    mac_address: str
    name: str = ""
    description: str = ""
    device_id: str = ""
    device_owner: str = ""
    status: str = "DOWN"
    tags: list[str] = field(default_factory=list)
    port_id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=timestamp)
    updated_at: str = field(default_factory=timestamp)
    revision: int = 1


@dataclass(slots=True)
class FloatingIP:
    """A floating IP; associated while ``port_id`` is set."""

    network_id: str
    project_id: str
    address: IPv4Address
    port_id: str | None = None
    description: str = ""
    tags: list[str] = field(default_factory=list)
    floating_ip_id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=timestamp)
    updated_at: str = field(default_factory=timestamp)


@dataclass(frozen=True, slots=True)
class RequestedNIC:
    """What a server's creator asked for: a ready port, or a network and perhaps an address."""

    port_id: str | None = None
    network_id: str | None = None
    address: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class NIC:
    """What Nova remembers of a plugged port, even after someone else has unbound it."""

    port_id: str
    network_name: str
    address: IPv4Address
    mac_address: str


@dataclass(slots=True)
class Server:
    """A Nova server; its API status follows from vm_state and task_state."""

    name: str
    project_id: str
    user_id: str
    flavor: Flavor
    disk_image_id: str
    disk_image_properties: dict[str, str]
    requested_nics: list[RequestedNIC]
    metadata: dict[str, str]
    tags: list[str]
    user_data: bytes | None = None
    has_config_drive: bool = False
    description: str | None = None
    vm_state: str = "building"
    task_state: str | None = "scheduling"
    power_state: int = 0
    host_id: str = ""
    nics: list[NIC] = field(default_factory=list)
    created_port_ids: list[str] = field(default_factory=list)
    is_networked: bool = False
    is_delete_requested: bool = False
    build_failure: str | None = None
    delete_failure: str | None = None
    fault: dict[str, Any] | None = None
    server_id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=timestamp)
    updated_at: str = field(default_factory=timestamp)
    launched_at: str | None = None
    terminated_at: str | None = None

    @property
    def hostname(self) -> str:
        """The guest's name, made from the server's name as Nova does."""
        name = re.sub(r"[^a-z0-9._-]", "", re.sub(r"[ _]", "-", self.name.lower()))
        return name.strip(".-")[:63] or f"Server-{self.server_id}"


@dataclass(slots=True)
class Quota:
    """Limits of every project; -1 means unlimited."""

    instances: int = 20
    cores: int = 40
    ram: int = 102_400
    ports: int = 500
    floating_ips: int = 50


@dataclass(slots=True)
class Cloud:
    """Everything there is. Hold ``lock`` and call ``agenda.run_due()`` before you look."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    agenda: Agenda = field(default_factory=Agenda)
    quota: Quota = field(default_factory=Quota)
    flavors: dict[str, Flavor] = field(default_factory=dict)
    disk_images: dict[str, DiskImage] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    ports: dict[str, Port] = field(default_factory=dict)
    floating_ips: dict[str, FloatingIP] = field(default_factory=dict)
    servers: dict[str, Server] = field(default_factory=dict)
