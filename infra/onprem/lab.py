"""Sites for trying out: makes CAs, certificates, shared secrets and configuration files.

A chain of sites `kme-a`, `kme-b`, ... is joined by one emulated link between each two neighbors;
sites that are not neighbors reach each other over those between them. For one machine only.
"""

import contextlib
import json
import os
import random
import socket
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.onprem.qkd_agent.ca import CertificateAuthority, create_ca, write_private

BACKEND = "slices-backend"
_NAMESPACE = uuid.UUID("6a3c2d5e-58c1-4c4e-9a49-0a8f3f3f7d11")
_YEAR_SECONDS = 365 * 86400.0
_PORTS = range(20_000, 32_000)
_PROBES = 500


def free_ports(count: int) -> list[int]:
    """Return free ports of 127.0.0.1 below the ephemeral range, at random.

    Raises:
        OSError: There are too few.
    """
    found: list[int] = []
    # Not of the seeded generator: two programs with one seed would try the same ports at once.
    for port in random.SystemRandom().sample(_PORTS, _PROBES):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise OSError("no free ports")


def lab_uuid(name: str) -> str:
    """Return the fixed UUID of a named node, link or path of the lab."""
    return str(uuid.uuid5(_NAMESPACE, name))


@dataclass(frozen=True)
class Site:
    """One site. Ports of its faces; `hosts` are the addresses of those not on 127.0.0.1."""

    kme_id: str
    sae_ids: Sequence[str]
    ports: Mapping[str, int]
    hosts: Mapping[str, str] = field(default_factory=dict)

    @property
    def node_id(self) -> str:
        """Return the qkdn_id."""
        return lab_uuid(self.kme_id)


@dataclass
class Lab:
    """A chain of sites in one directory.

    Attributes:
        sites: In the order of the chain.
        emulator: Settings of every emulated link, over the defaults here.
        extra: Tables of the configuration to change, by their name.
    """

    directory: Path
    sites: Sequence[Site]
    emulator: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def create(self) -> None:
        """Write everything; private files are readable by their owner only."""
        create_ca(self.directory / "ca", "QKD lab CA")
        create_ca(self.directory / "sae-ca", "QKD lab SAE CA")
        self.certificate("ca", BACKEND)
        for site in self.sites:
            hosts = ["127.0.0.1", "localhost", site.kme_id, *site.hosts.values()]
            self.certificate("ca", site.kme_id, list(dict.fromkeys(hosts)))
            for sae_id in site.sae_ids:
                self.certificate("sae-ca", sae_id)
        for left, right in zip(self.sites, self.sites[1:], strict=False):
            write_private(self._secret(left, right), os.urandom(64))
        for index in range(len(self.sites)):
            self.write_configuration(index)

    def certificate(
        self, ca: str, name: str, hosts: Sequence[str] = (), seconds: float = _YEAR_SECONDS
    ) -> tuple[Path, Path]:
        """Make a key pair and certificate; return the paths of certificate and key."""
        files = self.directory / ca
        authority = CertificateAuthority(files / "ca.pem", files / "ca.key")
        issued, key = authority.issue_pair(name, hosts, seconds)
        certificate, private_key = self.files(name)
        write_private(private_key, key)
        certificate.write_text(issued.pem, encoding="ascii")
        return certificate, private_key

    def files(self, name: str) -> tuple[Path, Path]:
        """Return the paths of the certificate and key of a name."""
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
        return self.directory / f"{safe}.pem", self.directory / f"{safe}.key"

    @property
    def kme_ca(self) -> Path:
        """Return the CA of the agents and the backend."""
        return self.directory / "ca" / "ca.pem"

    @property
    def sae_ca(self) -> Path:
        """Return the CA of the SAEs."""
        return self.directory / "sae-ca" / "ca.pem"

    def configuration(self, index: int) -> Path:
        """Return the path of the configuration file of a site."""
        return self.directory / f"{self.sites[index].kme_id}.toml"

    def log(self, index: int) -> Path:
        """Return where the agent of a site logs to."""
        return self.directory / f"{self.sites[index].kme_id}.log"

    def link_id(self, index: int) -> str:
        """Return the ID of the link between a site and the next one."""
        return lab_uuid(f"link {self.sites[index].kme_id} {self.sites[index + 1].kme_id}")

    def write_configuration(self, index: int) -> None:
        """Write the configuration file of a site."""
        site = self.sites[index]
        tables: dict[str, Any] = {
            "agent": {
                "kme_id": site.kme_id,
                "node_id": site.node_id,
                "location": site.kme_id,
                "data_directory": str(self.directory / f"{site.kme_id}-data"),
            },
            "faces": {name: self._face(site, name) for name in site.ports},
            "authority": {
                "certificate": str(self.sae_ca),
                "private_key": str(self.sae_ca.with_suffix(".key")),
                "kme_ca": str(self.kme_ca),
            },
            "peers": [self._peer(i) for i in (index - 1, index + 1) if self._is_site(i)],
            "links": [self._link(index, i) for i in (index - 1, index + 1) if self._is_site(i)],
            "paths": [self._path(index, i) for i in range(len(self.sites)) if abs(i - index) > 1],
            "saes": [
                {"sae_id": sae_id, "kme_id": other.kme_id}
                for other in self.sites
                for sae_id in other.sae_ids
            ],
        }
        for name, changes in self.extra.items():
            tables[name] = {**tables.get(name, {}), **changes}
        text = "".join(_table(name, value) for name, value in tables.items())
        self.configuration(index).write_text(text, encoding="utf-8")

    def _is_site(self, index: int) -> bool:
        return 0 <= index < len(self.sites)

    def _secret(self, one: Site, other: Site) -> Path:
        left, right = sorted((one.kme_id, other.kme_id))
        return self.directory / f"{left}--{right}.secret"

    def _face(self, site: Site, name: str) -> dict[str, Any]:
        certificate, private_key = self.files(site.kme_id)
        face: dict[str, Any] = {
            "host": site.hosts.get(name, "127.0.0.1"),
            "port": site.ports[name],
            "certificate": str(certificate),
            "private_key": str(private_key),
            "trusted_ca": str(self.sae_ca if name == "sae" else self.kme_ca),
        }
        if name == "control":
            face["allowed_clients"] = [BACKEND]
        return face

    def _peer(self, index: int) -> dict[str, Any]:
        site = self.sites[index]
        return {"kme_id": site.kme_id, "url": f"https://127.0.0.1:{site.ports['peer']}"}

    def _link(self, index: int, neighbor: int) -> dict[str, Any]:
        site, other = self.sites[index], self.sites[neighbor]
        return {
            "link_id": self.link_id(min(index, neighbor)),
            "peer": other.kme_id,
            "peer_node_id": other.node_id,
            "role": "TRANSMITTER" if index < neighbor else "RECEIVER",
            "emulator": {
                "seed": "lab",
                "secret_file": str(self._secret(site, other)),
                "length_km": 20.0,
                **self.emulator,
            },
        }

    def _path(self, index: int, target: int) -> dict[str, Any]:
        step = 1 if target > index else -1
        between = [self.sites[i].kme_id for i in range(index + step, target, step)]
        far = self.sites[target]
        name = f"path {self.sites[index].kme_id} {far.kme_id}"
        return {
            "path_id": lab_uuid(name),
            "target": far.kme_id,
            "target_node_id": far.node_id,
            "via": between,
        }


def _table(name: str, value: object) -> str:
    """Return a table, or an array of tables, as TOML."""
    if isinstance(value, list):
        return "".join(f"[[{name}]]\n{_members(name, item)}" for item in value)
    return f"[{name}]\n{_members(name, value)}"


def _members(name: str, value: object) -> str:
    members = dict(value) if isinstance(value, Mapping) else {}
    nested = {key: item for key, item in members.items() if isinstance(item, Mapping)}
    plain = [f"{k} = {json.dumps(v)}\n" for k, v in members.items() if k not in nested]
    return "".join(plain) + "".join(_table(f"{name}.{k}", v) for k, v in nested.items()) + "\n"
