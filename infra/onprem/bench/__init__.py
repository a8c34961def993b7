"""A lab whose agents are processes of their own, and what their delivery of keys is worth.

`python -m infra.onprem.bench --help` measures. The functions here run a lab for tests too.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from infra.onprem.lab import BACKEND, Lab, Site, free_ports
from infra.onprem.qkd_agent.web.client import JsonClient, NoAnswer, NotSent
from infra.onprem.qkd_agent.web.tls import Identity

_FACES = ("sae", "peer", "control", "enrolment")
# On a busy machine an answer may take long; how long is what is measured.
_PATIENCE_SECONDS = 30.0
_START_SECONDS = 30.0


def make_sites(sae_ids: dict[str, list[str]]) -> list[Site]:
    """Return sites with free ports, by KME ID and SAE IDs."""
    ports = iter(free_ports(len(_FACES) * len(sae_ids)))
    return [
        Site(kme_id, saes, {face: next(ports) for face in _FACES})
        for kme_id, saes in sae_ids.items()
    ]


def client(lab: Lab, name: str, port: int) -> JsonClient:
    """Return a client that shows the certificate of a name."""
    certificate, private_key = lab.files(name)
    identity = Identity(certificate, private_key, lab.kme_ca)
    url = f"https://127.0.0.1:{port}"
    return JsonClient(url, identity, "127.0.0.1", read_seconds=_PATIENCE_SECONDS)


@contextlib.contextmanager
def running(lab: Lab) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run the agents of a lab as processes of their own."""
    processes = []
    try:
        processes = [spawn(lab, index) for index in range(len(lab.sites))]
        for index, process in enumerate(processes):
            _wait_for(lab, index, process)
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=20)


def start(lab: Lab, index: int) -> subprocess.Popen[bytes]:
    """Start the agent of one site and wait until it answers."""
    process = spawn(lab, index)
    _wait_for(lab, index, process)
    return process


def spawn(lab: Lab, index: int) -> subprocess.Popen[bytes]:
    """Start the agent of one site; its log goes to a file beside its configuration."""
    command = [sys.executable, "-m", "infra.onprem.qkd_agent", "run"]
    with (lab.directory / f"{lab.sites[index].kme_id}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603  # our own program
            [*command, str(lab.configuration(index))],
            stderr=log,
            cwd=Path(__file__).parents[3],
        )


def _wait_for(lab: Lab, index: int, process: subprocess.Popen[bytes]) -> None:
    asking = client(lab, BACKEND, lab.sites[index].ports["control"])
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            asking.call("GET", "/v1/health")
        except (NotSent, NoAnswer):
            time.sleep(0.05)
        else:
            asking.close()
            return
    process.kill()
    kme_id = lab.sites[index].kme_id
    said = (lab.directory / f"{kme_id}.log").read_text(encoding="utf-8").splitlines()[-1:]
    raise RuntimeError(f"the agent of {kme_id} did not start: {' '.join(said) or 'it is silent'}")
