"""The lab's agents in their own namespace, and the backend's client for the first of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from chalicelib.adapters.qkd_agent.breaker import CircuitBreaker
from chalicelib.adapters.qkd_agent.client import HttpQKDAgent
from chalicelib.adapters.qkd_agent.transport import Bounds, SiteTransport
from chalicelib.config_qkd import QKDFiles
from infra.local.tunnel.namespace import Namespace
from infra.local.tunnel.wires import AGENTS_HOST
from infra.onprem.agent_process import start_agent, stop_agents, wait_for_agent
from infra.onprem.lab import BACKEND, Lab, Site

PORTS = {"sae": 8443, "peer": 8444, "control": 8445, "enrolment": 8446}
_OTHER_PORTS = {name: port + 100 for name, port in PORTS.items()}


class LabAgents:
    """Agents `kme-a`, whose every face listens on the lab's network, and `kme-b` beside it.

    Args:
        host: Where they run.
        directory: For their files.
    """

    service = f"{AGENTS_HOST}:{PORTS['control']}"
    control_url = f"https://{service}"

    def __init__(self, host: Namespace, directory: Path) -> None:
        self._host = host
        self.lab = Lab(
            directory,
            [
                Site("kme-a", (), PORTS, dict.fromkeys(PORTS, AGENTS_HOST)),
                Site("kme-b", (), _OTHER_PORTS, dict.fromkeys(PORTS, AGENTS_HOST)),
            ],
            emulator={"block_seconds": 1.0, "initial_stock_bits": 2e6},
            extra={"agent": {"monitor_seconds": 0.5}},
        )
        self.lab.create()
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start both agents and wait until they answer their own host.

        Raises:
            RuntimeError: one did not start; says what it said last.
        """
        for index in range(len(self.lab.sites)):
            self._running.append(start_agent(self.lab, index, self._host.prefix))
        self._host.call(self._wait)

    def stop(self) -> None:
        """Stop both."""
        stop_agents(self._running)
        self._running.clear()

    def transport(
        self, bounds: Bounds | None = None, breaker: CircuitBreaker | None = None
    ) -> SiteTransport:
        """Return the backend's way to `kme-a`."""
        certificate, key = self.lab.files(BACKEND)
        files = QKDFiles(str(self.lab.kme_ca), str(certificate), str(key))
        return SiteTransport(self.control_url, "kme-a", files, breaker, bounds)

    def client(self, transport: SiteTransport) -> HttpQKDAgent:
        """Return the backend's client over a transport."""
        return HttpQKDAgent(transport, str(self.lab.kme_ca))

    def _wait(self) -> None:
        for index, process in enumerate(self._running):
            wait_for_agent(self.lab, index, process)
