"""A site's values for the tunnel: read from a TOML file and checked, with every mistake told."""

import base64
import binascii
import ipaddress
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from infra.onprem.settings_file import read_settings

_KEY_BYTES = 32
_PAIR_PREFIX = 30


def _network(text: str) -> str:
    try:
        return str(ipaddress.IPv4Network(text))
    except ValueError:
        raise ValueError(f"{text!r} is not an IPv4 network such as 10.80.0.0/24") from None


def _address(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ValueError(f"{text!r} is not an IPv4 address") from None


def _service(text: str) -> str:
    address, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):  # noqa: PLR2004 - ports
        raise ValueError(f"{text!r} is not ADDRESS:PORT")
    return f"{_address(address)}:{int(port)}"


def _public_key(text: str) -> str:
    try:
        is_key = len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        is_key = False
    if not is_key:
        raise ValueError("it is not a WireGuard public key (`wg pubkey < private.key` prints it)")
    return text


Network = Annotated[str, AfterValidator(_network)]
Address = Annotated[str, AfterValidator(_address)]
Service = Annotated[str, AfterValidator(_service)]
PublicKey = Annotated[str, AfterValidator(_public_key)]
Interface = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,14}$")]
Endpoint = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}:[0-9]{1,5}$")]
Identity = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:@-]{0,127}$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CloudTable(_Table):
    """`[cloud]`: where the connectors are, and nobody else."""

    networks: Annotated[tuple[Network, ...], Field(min_length=1, max_length=16)]


class LabTable(_Table):
    """`[lab]`: what the connectors may reach, each as ADDRESS:PORT.

    Control faces of the agents and the ports of OpenStack. Never an SAE, peer or enrolment face.
    """

    services: Annotated[tuple[Service, ...], Field(min_length=1, max_length=64)]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses of the services as networks, each once."""
        return tuple(dict.fromkeys(f"{one.rpartition(':')[0]}/32" for one in self.services))


class WireGuardTable(_Table):
    """`[wireguard]`: the two ends; public keys only."""

    endpoint: Endpoint
    lab_public_key: PublicKey
    cloud_public_key: PublicKey
    lab_address: Address = "10.98.0.2"
    cloud_address: Address = "10.98.0.1"
    interface: Interface = "slices"
    mtu: Annotated[int, Field(ge=1280, le=8920)] = 1420
    keepalive_seconds: Annotated[int, Field(ge=5, le=120)] = 25

    @model_validator(mode="after")
    def _ends_differ(self) -> Self:
        if self.lab_public_key == self.cloud_public_key or self.lab_address == self.cloud_address:
            raise ValueError("both ends have the same key or address")
        if not 1 <= int(self.endpoint.rpartition(":")[2]) <= 65535:  # noqa: PLR2004 - ports
            raise ValueError("the endpoint's port is not from 1 to 65535")
        return self


class IPsecTunnelTable(_Table):
    """`[[ipsec.tunnels]]`: one of the two tunnels of a Site-to-Site VPN connection.

    `inside` is its inside CIDR, a /30: AWS has the first address, the lab the second.
    """

    cloud_outside: Address
    inside: Network
    key_file: Path

    @property
    def lab_inside(self) -> str:
        """The lab's inside address with its prefix length."""
        network = ipaddress.IPv4Network(self.inside)
        return f"{network.network_address + 2}/{network.prefixlen}"

    @model_validator(mode="after")
    def _is_a_pair(self) -> Self:
        network = ipaddress.IPv4Network(self.inside)
        if network.prefixlen != _PAIR_PREFIX or not network.is_link_local:
            raise ValueError(f"inside {self.inside} is not a /30 of 169.254.0.0/16")
        return self


class IPsecTable(_Table):
    """`[ipsec]`: the lab's end, and both tunnels.

    `lab_id` is the customer gateway's address as AWS sees it. `selectors` is for gateways whose
    kernel has no xfrm interfaces (strongSwan's kernel-libipsec): the lab's networks, in each of
    which the gateway has an address. Then only one tunnel can be used at a time.
    """

    lab_id: Identity
    lab_outside: Address | None = None
    selectors: Annotated[tuple[Network, ...], Field(max_length=16)] = ()
    mtu: Annotated[int, Field(ge=1280, le=8920)] = 1400
    tunnels: Annotated[tuple[IPsecTunnelTable, ...], Field(min_length=1, max_length=2)]

    @model_validator(mode="after")
    def _tunnels_differ(self) -> Self:
        if len({tunnel.cloud_outside for tunnel in self.tunnels}) < len(self.tunnels):
            raise ValueError("both tunnels have the same cloud_outside")
        if len({tunnel.inside for tunnel in self.tunnels}) < len(self.tunnels):
            raise ValueError("both tunnels have the same inside")
        if not self.selectors and len(self.tunnels) == 1:
            raise ValueError("AWS gives two tunnels: name both, so that one can fail")
        if self.selectors and len(self.tunnels) > 1:
            raise ValueError("without xfrm interfaces only one tunnel can be used at a time")
        return self


class Site(_Table):
    """The whole file: `[cloud]`, `[lab]`, and one of `[wireguard]` and `[ipsec]`."""

    cloud: CloudTable
    lab: LabTable
    wireguard: WireGuardTable | None = None
    ipsec: IPsecTable | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.wireguard is None) == (self.ipsec is None):
            raise ValueError("exactly one of [wireguard] and [ipsec] is needed")
        networks = [ipaddress.IPv4Network(one) for one in self.cloud.networks]
        for host in self.lab.hosts:
            if any(ipaddress.IPv4Network(host).overlaps(network) for network in networks):
                raise ValueError(f"lab service {host[:-3]} lies in a network of the cloud")
        return self


def read_site(path: Path) -> Site:
    """Return the site that a file describes; paths in it are relative to the file.

    Raises:
        BadSettings: The file cannot be read, or says something that cannot be right.
    """
    return read_settings(path, Site)
