"""A lab whose agents are processes of their own, and what their delivery of keys is worth.

`python -m infra.onprem.bench --help` measures. The functions here run a lab for tests too.
"""

import contextlib
import subprocess
from collections.abc import Iterator

from infra.onprem.agent_process import start_agent, stop_agents, wait_for_agent
from infra.onprem.lab import Lab, Site, free_ports
from infra.onprem.qkd_agent.web.client import JsonClient
from infra.onprem.qkd_agent.web.tls import Identity

_FACES = ("sae", "peer", "control", "enrolment")
# On a busy machine an answer may take long; how long is what is measured.
_PATIENCE_SECONDS = 30.0


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
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes.extend(start_agent(lab, index) for index in range(len(lab.sites)))
        for index, process in enumerate(processes):
            wait_for_agent(lab, index, process)
        yield processes
    finally:
        stop_agents(processes)


def start(lab: Lab, index: int) -> subprocess.Popen[bytes]:
    """Start the agent of one site and wait until it answers."""
    process = start_agent(lab, index)
    try:
        wait_for_agent(lab, index, process)
    except BaseException:
        stop_agents([process])
        raise
    return process
