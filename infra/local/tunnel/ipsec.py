"""An IPsec tunnel between the hosts: the lab's side of the shipped files, the other as AWS is.

charon encrypts by itself (kernel-libipsec), since not every kernel has ESP.
"""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from infra.local.tunnel.namespace import CommandFailed, Namespace
from infra.local.tunnel.wires import (
    CLOUD_NETWORK,
    CLOUD_OUTSIDE,
    GATEWAY_OUTSIDE,
    LAB_NETWORK,
    Wires,
)
from infra.onprem.qkd_agent.ca import write_private
from infra.onprem.tunnel.render import render
from infra.onprem.tunnel.site import Site

_WAIT_SECONDS = 20.0
_PLUGINS = (
    "random nonce aes sha1 sha2 hmac kdf gcm openssl kernel-libipsec kernel-netlink "
    "socket-default vici updown"
)
_DAEMON = """charon-systemd {{
    load = {plugins}
    install_routes = yes
    filelog {{
        all {{
            path = {log}
            default = 1
            flush_line = yes
        }}
    }}
    plugins {{
        vici {{
            socket = {socket}
        }}
    }}
}}
swanctl {{
    load = random pem pkcs1 x509 pubkey openssl
}}
"""
_CLOUD = """connections {{
    aws {{
        version = 2
        local_addrs = {cloud}
        remote_addrs = %any
        proposals = {ike}
        dpd_delay = 5s
        local {{
            auth = psk
            id = {cloud}
        }}
        remote {{
            auth = psk
            id = {lab}
        }}
        children {{
            aws {{
                esp_proposals = {esp}
                local_ts = {cloud_network}
                remote_ts = {lab_network}
                start_action = none
                dpd_action = clear
            }}
        }}
    }}
}}
secrets {{
    ike-aws {{
        id-lab = {lab}
        secret = "{key}"
    }}
}}
"""


class IPsec:
    """The tunnel.

    Args:
        wires: The hosts; the cloud's host is its own VPN endpoint.
        directory: For files.
        services: What the cloud may reach, each as ADDRESS:PORT.
        ike: What the cloud's end takes for IKE, in strongSwan's words.
        esp: What it takes for ESP.
    """

    def __init__(
        self, wires: Wires, directory: Path, services: Sequence[str], ike: str, esp: str
    ) -> None:
        self._hosts: dict[str, Namespace] = {"cloud": wires.cloud, "lab": wires.gateway}
        self._directory = directory
        self._running: list[subprocess.Popen[bytes]] = []
        key = directory / "tunnel1.key"
        text = secrets.token_hex(24).replace("0", "a")
        write_private(key, text.encode())
        site = Site.model_validate({
            "cloud": {"networks": [CLOUD_NETWORK]},
            "lab": {"services": list(services)},
            "ipsec": {
                "lab_id": GATEWAY_OUTSIDE,
                "selectors": [LAB_NETWORK],
                "tunnels": [
                    {"cloud_outside": CLOUD_OUTSIDE, "inside": "169.254.20.0/30",
                     "key_file": key.name}
                ],
            },
        })  # fmt: skip
        files = {Path(file.name).name: file.text for file in render(site, directory)}
        self._write("lab.conf", files["slices.conf"] + files["slices-keys.conf"])
        self._write("lab.nft", files["slices.nft"])
        cloud = _CLOUD.format(
            cloud=CLOUD_OUTSIDE, lab=GATEWAY_OUTSIDE, cloud_network=CLOUD_NETWORK,
            lab_network=LAB_NETWORK, ike=ike, esp=esp, key=text,
        )  # fmt: skip
        self._write("cloud.conf", cloud)

    def up(self) -> None:
        """Start both ends; the lab calls."""
        self._hosts["lab"].run("nft", "-f", str(self._directory / "lab.nft"))
        for side in ("cloud", "lab"):
            self._start(side)
            self._swanctl(side, "--load-all", "--noprompt", "--file", f"{side}.conf")

    def down(self) -> None:
        """Stop both ends."""
        for process in self._running:
            process.terminate()
            process.wait(timeout=20)
        self._running.clear()

    def associations(self, side: str = "lab") -> str:
        """Return what `swanctl --list-sas` prints."""
        return self._swanctl(side, "--list-sas")

    def wait(self) -> str:
        """Wait until data can pass and return the associations.

        Raises:
            TimeoutError: they could not agree in time.
        """
        deadline = time.monotonic() + _WAIT_SECONDS
        while "INSTALLED" not in (found := self.associations()):
            if time.monotonic() > deadline:
                raise TimeoutError(found or "no association")
            time.sleep(0.1)
        return found

    def log(self, side: str) -> str:
        """Return what a side's charon has written."""
        return (self._directory / f"{side}.log").read_text(errors="replace")

    def _write(self, name: str, text: str) -> None:
        write_private(self._directory / name, text.encode())

    def _start(self, side: str) -> None:
        log = self._directory / f"{side}.log"
        text = _DAEMON.format(plugins=_PLUGINS, socket=self._socket(side), log=log)
        path = self._directory / f"{side}-strongswan.conf"
        path.write_text(text, encoding="utf-8")
        process = self._hosts[side].start(
            "charon-systemd", log=log.with_suffix(".out"), variables={"STRONGSWAN_CONF": str(path)}
        )
        self._running.append(process)
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                self._swanctl(side, "--stats")
            except CommandFailed:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def _swanctl(self, side: str, command: str, *words: str) -> str:
        given = [str(self._directory / word) if word.endswith(".conf") else word for word in words]
        settings = str(self._directory / f"{side}-strongswan.conf")
        variables = {"STRONGSWAN_CONF": settings, "SWANCTL_DIR": str(self._directory)}
        uri = ("--uri", self._socket(side))
        return self._hosts[side].run("swanctl", command, *given, *uri, variables=variables)

    def _socket(self, side: str) -> str:
        return f"unix://{self._directory}/{side}.vici"
