"""A WireGuard tunnel between the hosts, made of the very files that a site gets."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from infra.local.tunnel.namespace import CommandFailed, Namespace, run
from infra.local.tunnel.wires import CLOUD_HOST, CLOUD_NETWORK, CLOUD_OUTSIDE, Wires
from infra.onprem.qkd_agent.ca import write_private
from infra.onprem.tunnel.render import render
from infra.onprem.tunnel.site import Site

PORT = 51820
SIDES = ("cloud", "lab")
_PROGRAM = "wireguard-go"


class WireGuard:
    """The tunnel. wg-quick starts wireguard-go where the kernel has no WireGuard, as at a site.

    Args:
        wires: The hosts; the cloud's host is its own gateway.
        directory: For keys and files.
        services: What the cloud may reach, each as ADDRESS:PORT.
    """

    def __init__(self, wires: Wires, directory: Path, services: Sequence[str]) -> None:
        self._hosts: dict[str, Namespace] = {"cloud": wires.cloud, "lab": wires.gateway}
        # The control sockets of all namespaces lie in one directory: no two names alike.
        self._names = {side: f"wg{os.getpid() % 10**7}{side[0]}" for side in SIDES}
        self._files = {side: directory / side for side in SIDES}
        self._services = tuple(services)
        for side in SIDES:
            self._files[side].mkdir(mode=0o700, parents=True, exist_ok=True)
            self.new_key(side)
        self.render()

    def new_key(self, side: str) -> None:
        """Make a private key where it is used."""
        path = self._key(side)
        path.unlink(missing_ok=True)
        write_private(path, run("wg", "genkey").encode())

    def public_key(self, side: str) -> str:
        """Return the public key of a side."""
        return run("wg", "pubkey", given=self._key(side).read_text(encoding="ascii")).strip()

    def render(self) -> None:
        """Write the files of both sides as they are shipped, but for their directory."""
        for side in SIDES:
            directory, name = self._files[side], self._names[side]
            for file in render(self._site(name), directory):
                if not file.name.startswith(side):
                    continue
                text = file.text.replace("/etc/wireguard/", f"{directory}/")
                path = directory / Path(file.name).name
                path.write_text(text, encoding="utf-8")
                path.chmod(file.mode)

    def up(self, side: str) -> None:
        """Bring a side up."""
        variables = {"WG_QUICK_USERSPACE_IMPLEMENTATION": _PROGRAM}
        self._hosts[side].run("wg-quick", "up", self._configuration(side), variables=variables)
        if side == "cloud":
            # The backend calls from its address in the VPC, as a connector would.
            hosts = dict.fromkeys(one.rpartition(":")[0] for one in self._services)
            for host in hosts:
                way = (f"{host}/32", "dev", self._names[side], "src", CLOUD_HOST)
                self._hosts[side].run("ip", "route", "replace", *way)

    def down(self, side: str) -> None:
        """Take a side down in good order; fine when it is down."""
        with contextlib.suppress(CommandFailed):
            self._hosts[side].run("wg-quick", "down", self._configuration(side))

    def kill(self, side: str) -> None:
        """End wireguard-go of a side at once, as a crash would."""
        for pid in self._hosts[side].processes(_PROGRAM):
            os.kill(pid, signal.SIGKILL)

    def shown(self, side: str, what: str) -> str:
        """Return what `wg show INTERFACE WHAT` prints."""
        return self._hosts[side].run("wg", "show", self._names[side], what)

    def _site(self, interface: str) -> Site:
        return Site.model_validate({
            "cloud": {"networks": [CLOUD_NETWORK]},
            "lab": {"services": list(self._services)},
            "wireguard": {
                "endpoint": f"{CLOUD_OUTSIDE}:{PORT}",
                "lab_public_key": self.public_key("lab"),
                "cloud_public_key": self.public_key("cloud"),
                "interface": interface,
                "keepalive_seconds": 5,
            },
        })  # fmt: skip

    def _key(self, side: str) -> Path:
        return self._files[side] / f"{self._names[side]}.key"

    def _configuration(self, side: str) -> str:
        return str(self._files[side] / f"{self._names[side]}.conf")
