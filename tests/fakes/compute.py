"""A cloud in memory: servers, ports and floating IPs with statuses and faults on demand."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from datetime import datetime

from msgspec.structs import replace

from chalicelib.domain.errors import CloudOutcomeUnknown
from chalicelib.services.cloud_ports import FloatingIP, Port, Server, ServerSpec, ServerStatus


class FakeCompute:
    """Implements ports.Compute.

    A new server gets `first_status`; a deleted one is gone at once, or, with `slow_deletes`, seen
    as being deleted once more. `fail` and `lose_answer` script the next calls of a method.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.servers: dict[str, Server] = {}
        self.ports: dict[str, Port] = {}
        self.floating_ips: dict[str, FloatingIP] = {}
        self.specs: list[ServerSpec] = []
        self.calls: list[str] = []
        self.first_status = ServerStatus.SCHEDULING
        self.slow_deletes = False
        self._faults: dict[str, deque[Exception]] = defaultdict(deque)
        self._lost_answers: dict[str, int] = defaultdict(int)
        self._count = 0

    # --- scripts ---------------------------------------------------------------------------

    def fail(self, method: str, *errors: Exception) -> None:
        """Let the next calls of the method raise these, without any effect."""
        self._faults[method].extend(errors)

    def lose_answer(self, method: str) -> None:
        """Let the next call of the method take effect, and raise CloudOutcomeUnknown."""
        self._lost_answers[method] += 1

    def set_status(self, server_id: str, status: ServerStatus, fault: str | None = None) -> None:
        """Let the server have this status."""
        self.servers[server_id] = replace(self.servers[server_id], status=status, fault=fault)

    def add_server(
        self, resource_id: str | None, status: ServerStatus = ServerStatus.ACTIVE
    ) -> Server:
        """Put a server there that nobody asked for."""
        server = Server(self._new("server"), resource_id, status, self.clock())
        self.servers[server.id] = server
        return server

    def is_empty(self) -> bool:
        """Say whether nothing at all is left."""
        return not (self.servers or self.ports or self.floating_ips)

    def count(self, method: str) -> int:
        """Return how often the method was called."""
        return self.calls.count(method)

    def _new(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count:03}"

    def _enter(self, method: str) -> None:
        self.calls.append(method)
        if self._faults[method]:
            raise self._faults[method].popleft()

    def _leave(self, method: str) -> None:
        if self._lost_answers[method]:
            self._lost_answers[method] -= 1
            raise CloudOutcomeUnknown(f"The answer of {method} was lost.")

    # --- servers ---------------------------------------------------------------------------

    def find_servers(self, resource_id: str) -> tuple[Server, ...]:
        self._enter("find_servers")
        return self._seen([s for s in self.servers.values() if s.resource_id == resource_id])

    def _seen(self, found: list[Server]) -> tuple[Server, ...]:
        """Let the servers that are being deleted be seen this once."""
        for server in found:
            if server.status is ServerStatus.DELETING:
                del self.servers[server.id]
        return tuple(found)

    def create_server(self, spec: ServerSpec) -> Server:
        self._enter("create_server")
        self.specs.append(spec)
        server = self.add_server(spec.resource_id, self.first_status)
        for port_id in spec.port_ids:
            self.ports[port_id] = replace(self.ports[port_id], device_id=server.id)
        self._leave("create_server")
        return server

    def delete_server(self, server_id: str) -> None:
        self._enter("delete_server")
        if server_id in self.servers:
            if self.slow_deletes:
                self.set_status(server_id, ServerStatus.DELETING)
            else:
                del self.servers[server_id]
        self._leave("delete_server")

    def reboot_server(self, server_id: str) -> None:
        self._enter("reboot_server")
        self.set_status(server_id, ServerStatus.REBOOTING)
        self._leave("reboot_server")

    def console_url(self, server_id: str) -> str:
        self._enter("console_url")
        return f"https://console.example/{server_id}"

    def all_servers(self) -> Iterator[Server]:
        self._enter("all_servers")
        return iter(self._seen(list(self.servers.values())))

    # --- network ---------------------------------------------------------------------------

    def find_ports(self, resource_id: str) -> tuple[Port, ...]:
        self._enter("find_ports")
        return tuple(p for p in self.ports.values() if p.resource_id == resource_id)

    def create_port(self, resource_id: str, network_ref: str, index: int) -> Port:
        self._enter("create_port")
        identifier = self._new("port")
        addresses = (f"10.0.{index}.{self._count}", f"fd00::{self._count}")
        port = Port(identifier, resource_id, network_ref, addresses, None, self.clock())
        self.ports[identifier] = port
        self._leave("create_port")
        return port

    def delete_port(self, port_id: str) -> None:
        self._enter("delete_port")
        self.ports.pop(port_id, None)
        self._leave("delete_port")

    def all_ports(self) -> Iterator[Port]:
        self._enter("all_ports")
        return iter(list(self.ports.values()))

    def find_floating_ips(self, resource_id: str) -> tuple[FloatingIP, ...]:
        self._enter("find_floating_ips")
        return tuple(f for f in self.floating_ips.values() if f.resource_id == resource_id)

    def create_floating_ip(self, resource_id: str, port_id: str) -> FloatingIP:
        self._enter("create_floating_ip")
        identifier = self._new("fip")
        address = f"203.0.113.{self._count}"
        found = FloatingIP(identifier, resource_id, address, port_id, self.clock())
        self.floating_ips[identifier] = found
        self._leave("create_floating_ip")
        return found

    def delete_floating_ip(self, floating_ip_id: str) -> None:
        self._enter("delete_floating_ip")
        self.floating_ips.pop(floating_ip_id, None)
        self._leave("delete_floating_ip")

    def all_floating_ips(self) -> Iterator[FloatingIP]:
        self._enter("all_floating_ips")
        return iter(list(self.floating_ips.values()))
