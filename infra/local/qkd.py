"""The lab's QKD half on this machine: two agents with an emulated link between them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

from infra.local.guest import GUESTS_VARIABLE
from infra.onprem.lab import BACKEND, Lab, Site, free_ports

_FACES = ("sae", "peer", "control", "enrolment")
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.05
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
        # They end with this process, however it ends: the system closes the pipe then.
        command = [self._python, "-m", "infra.onprem.qkd_agent", "run", "--until-stdin-ends"]
        with (self._directory / f"{self._lab.sites[index].kme_id}.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own program
                [*command, str(self._lab.configuration(index))],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """End an agent by SIGKILL, as when its host loses power."""
        process = self._processes[[site.kme_id for site in self._lab.sites].index(name)]
        process.kill()
        _await_end(process)

    def restart(self) -> None:
        """Start the agents that have ended again, with what they had, and wait until all answer."""
        for index, process in enumerate(self._processes):
            if process.poll() is not None:
                self._processes[index] = self._run(index)
        self.wait()

    def wait(self) -> None:
        """Wait until every face answers.

        Raises:
            RuntimeError: an agent ended; its log says why.
            TimeoutError: one is not ready after half a minute.
        """
        deadline = time.monotonic() + _START_SECONDS
        for site, process in zip(self._lab.sites, self._processes, strict=True):
            for port in site.ports.values():
                while not is_answering(port):
                    if process.poll() is not None:
                        raise RuntimeError(f"see {self._directory / site.kme_id}.log")
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"the QKD agent {site.kme_id} is not ready")
                    time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Stop the agents and forget the guests' credentials."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            _await_end(process)
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


def _await_end(process: subprocess.Popen[bytes]) -> None:
    with process:  # closes the pipe as well
        process.wait()


def is_answering(port: int) -> bool:
    """Say whether somebody shakes hands there; who it is does not matter yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", port), 1) as plain,
            context.wrap_socket(plain),
        ):
            return True
    except ssl.SSLError:
        return True
    except OSError:
        return False
