"""Three hosts and two wires: the cloud, the lab's gateway and the agents' host behind it.

    cloud 10.80.1.10 -- internet 198.51.100.0/24 -- gateway -- lab network 10.90.0.0/24 -- agents
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from infra.local.tunnel.namespace import Namespace, run

CLOUD_NETWORK, CLOUD_HOST = "10.80.1.0/24", "10.80.1.10"
CLOUD_OUTSIDE, GATEWAY_OUTSIDE = "198.51.100.7", "198.51.100.9"
GATEWAY_INSIDE, AGENTS_HOST = "10.90.0.1", "10.90.0.10"
INTERNET, LAN = "internet0", "lan0"
"""Names of the wires' ends at the gateway."""


class Wires:
    """The hosts, joined; nothing is encrypted yet. A context manager."""

    cloud: Namespace
    gateway: Namespace
    agents: Namespace

    def __enter__(self) -> Self:
        self._made: list[Namespace] = []
        try:
            self.cloud, self.gateway, self.agents = (
                self._host(name) for name in ("cloud", "gateway", "agents")
            )
            self._wire(self.cloud, CLOUD_OUTSIDE, self.gateway, GATEWAY_OUTSIDE, INTERNET)
            self._wire(self.agents, AGENTS_HOST, self.gateway, GATEWAY_INSIDE, LAN)
            self.cloud.run("ip", "address", "add", f"{CLOUD_HOST}/32", "dev", "lo")
            self.gateway.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
            self.agents.run("ip", "route", "add", "default", "via", GATEWAY_INSIDE)
        except BaseException:
            self._delete()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._delete()

    def bypass(self, *, is_open: bool) -> None:
        """Open or close a way to the agents beside any tunnel, in clear over the internet wire."""
        change = "add" if is_open else "del"
        way = ("via", GATEWAY_OUTSIDE, "src", CLOUD_HOST, "metric", "1")
        self.cloud.run("ip", "route", change, f"{AGENTS_HOST}/32", *way)
        self.gateway.run("ip", "route", change, f"{CLOUD_HOST}/32", "via", CLOUD_OUTSIDE)

    def _host(self, name: str) -> Namespace:
        host = Namespace(f"slices-{name}-{os.getpid()}")
        self._made.append(host)
        return host

    @staticmethod
    def _wire(one: Namespace, address: str, gateway: Namespace, inside: str, name: str) -> None:
        run("ip", "link", "add", name, "netns", gateway.name, "type", "veth",
            "peer", "name", "eth0", "netns", one.name)  # fmt: skip
        for host, end, here in ((one, "eth0", address), (gateway, name, inside)):
            host.run("ip", "address", "add", f"{here}/24", "dev", end)
            host.run("ip", "link", "set", end, "up")

    def _delete(self) -> None:
        for host in self._made:
            host.delete()
