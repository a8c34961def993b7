"""The lab's agents in their own namespace, and the backend's client for the first of them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chalicelib.adapters.qkd_agent.breaker import CircuitBreaker
from chalicelib.adapters.qkd_agent.client import HttpQKDAgent
from chalicelib.adapters.qkd_agent.transport import Bounds, SiteTransport
from chalicelib.config_qkd import QKDFiles
from chalicelib.domain.errors import SiteUnreachable
from infra.local.tunnel.namespace import Namespace
from infra.local.tunnel.wires import AGENTS_HOST
from infra.onprem.lab import BACKEND, Lab, Site

PORTS = {"sae": 8443, "peer": 8444, "control": 8445, "enrolment": 8446}
_OTHER_PORTS = {name: port + 100 for name, port in PORTS.items()}
_START_SECONDS = 30.0
_PROBE = Bounds(connect_seconds=0.5, total_seconds=2.0)


class LabAgents:
    """Agents `kme-a`, whose every face listens on the lab's network, and `kme-b` beside it.

    Args:
        host: Where they run.
        directory: For their files.
        extra: See `Lab`.
    """

    service = f"{AGENTS_HOST}:{PORTS['control']}"
    control_url = f"https://{service}"

    def __init__(
        self, host: Namespace, directory: Path, extra: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self._host = host
        self.lab = Lab(
            directory,
            [
                Site("kme-a", (), PORTS, dict.fromkeys(PORTS, AGENTS_HOST)),
                Site("kme-b", (), _OTHER_PORTS, dict.fromkeys(PORTS, AGENTS_HOST)),
            ],
            emulator={"block_seconds": 1.0, "initial_stock_bits": 2e6},
            extra=extra or {"agent": {"monitor_seconds": 0.5}},
        )
        self.lab.create()
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *prefix: str) -> None:
        """Start both agents and wait until the first one answers its own host.

        Args:
            prefix: Words before the command of `kme-a`, such as `faketime -f +600s`.
        """
        for index, site in enumerate(self.lab.sites):
            command = [sys.executable, "-m", "infra.onprem.qkd_agent", "run"]
            before = prefix if index == 0 else ()
            log = self.lab.directory / f"{site.kme_id}.log"
            configuration = str(self.lab.configuration(index))
            self._running.append(self._host.start(*before, *command, configuration, log=log))
        self._host.call(self._wait)

    def stop(self) -> None:
        """Stop both."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(timeout=20)
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
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.transport(_PROBE).call("GET", "/v1/health")
            except SiteUnreachable as error:
                ended = any(process.poll() is not None for process in self._running)
                if ended or time.monotonic() > deadline:
                    raise RuntimeError(f"no agent; see {self.lab.directory}/*.log") from error
                time.sleep(0.05)
            else:
                return
