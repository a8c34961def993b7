"""The lab's QKD half on this machine: two agents with an emulated link between them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.local.guest import GUESTS_VARIABLE
from infra.onprem.agent_process import start_agent, stop_agents, wait_for_agent
from infra.onprem.lab import BACKEND, Lab, Site, free_ports

_FACES = ("sae", "peer", "control", "enrolment")
# Short blocks, so that a demo sees the rate move, and a stock to begin with.
_EMULATOR = {"block_seconds": 2.0, "initial_stock_bits": 2e6}
_PROBE = "import cheroot, cryptography, numpy, pydantic, urllib3"


class QKDLab:
    """Agents `kme-a` and `kme-b`, each a process of its own; fresh at each start.

    `QKD_AGENT_PYTHON` names another interpreter that has what infra/onprem/requirements.in lists.

    Args:
        state: The lab's files go into a directory in it.
        guests: Where the simulated VMs keep their credentials; emptied at each start.
    """

    def __init__(self, state: Path, guests: Path) -> None:
        self._directory = (state / "qkd").resolve()
        self._guests = guests.resolve()
        self._python = os.environ.get("QKD_AGENT_PYTHON", sys.executable)
        self._processes: list[subprocess.Popen[bytes]] = []
        ports = iter(free_ports(2 * len(_FACES)))
        self._lab = Lab(
            self._directory,
            [Site(name, (), {face: next(ports) for face in _FACES}) for name in ("kme-a", "kme-b")],
            emulator=_EMULATOR,
            extra={"agent": {"monitor_seconds": 1.0}},
        )

    def can_run(self) -> bool:
        """Say whether the interpreter has what the agents need."""
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [self._python, "-c", _PROBE], check=False, capture_output=True
        )
        return done.returncode == 0

    def begin(self) -> None:
        """Make the lab's files and start the agents; `wait` sees them ready."""
        for directory in (self._directory, self._guests):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True, mode=0o700)
        self._lab.create()
        self._processes = [self._run(index) for index in range(len(self._lab.sites))]

    def _run(self, index: int) -> subprocess.Popen[bytes]:
        return start_agent(self._lab, index, python=self._python)

    def kill(self, name: str) -> None:
        """End an agent by SIGKILL, as when its host loses power."""
        index = [site.kme_id for site in self._lab.sites].index(name)
        with self._processes[index] as process:
            process.kill()

    def restart(self) -> None:
        """Start the agents that have ended again, with what they had, and wait until all answer."""
        for index, process in enumerate(self._processes):
            if process.poll() is not None:
                self._processes[index] = self._run(index)
        self.wait()

    def wait(self) -> None:
        """Wait until every face answers.

        Raises:
            RuntimeError: an agent ended, or is not ready in time; says what it said last.
        """
        for index, process in enumerate(self._processes):
            wait_for_agent(self._lab, index, process)

    def stop(self) -> None:
        """Stop the agents and forget the guests' credentials."""
        stop_agents(self._processes)
        self._processes.clear()
        shutil.rmtree(self._guests, ignore_errors=True)

    @property
    def guests(self) -> Path:
        """Where simulated VMs keep what is in /etc of real ones."""
        return self._guests

    def variables(self) -> dict[str, str]:
        """Return the settings of a backend that uses the agents."""
        certificate, key = self._lab.files(BACKEND)
        sites = [
            {
                "name": site.kme_id,
                "control_url": f"https://127.0.0.1:{site.ports['control']}",
                "kme_url": f"https://127.0.0.1:{site.ports['sae']}",
                "enrolment_url": f"https://127.0.0.1:{site.ports['enrolment']}",
            }
            for site in self._lab.sites
        ]
        return {
            "QKD_AGENTS": json.dumps(sites),
            "QKD_AGENT_CA_FILE": str(self._lab.kme_ca),
            "QKD_AGENT_CERT_FILE": str(certificate),
            "QKD_AGENT_KEY_FILE": str(key),
            GUESTS_VARIABLE: str(self._guests),
        }
