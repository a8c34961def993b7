"""Measure the key delivery of two agents on this machine: `python -m infra.onprem.bench`.

Prints the median time of a Get key of one key, and keys per second at 100 keys per request, over
one keep-alive connection with certificates at both ends. Each key is shared with the far agent
and on its disk before it is delivered.
"""

import contextlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.onprem.lab import BACKEND, Lab, Site
from infra.onprem.qkd_agent.web.client import JsonClient, NoAnswer, NotSent
from infra.onprem.qkd_agent.web.tls import Identity

_FACES = ("sae", "peer", "control", "enrolment")
_FIRST_PORT, _LAST_PORT = 20000, 32767
_START_SECONDS = 30.0
_LARGE_STOCK = {"initial_stock_bits": 1e9}
_OK = 200


def free_ports(count: int) -> list[int]:
    """Return free ports of 127.0.0.1 below the ephemeral range."""
    found: list[int] = []
    port = _FIRST_PORT + time.time_ns() // 1000 % 8000
    while len(found) < count:
        port = port + 1 if port < _LAST_PORT else _FIRST_PORT
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


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
    return JsonClient(f"https://127.0.0.1:{port}", identity, "127.0.0.1")


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
            cwd=Path(__file__).parents[2],
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
    raise RuntimeError(f"the agent of {lab.sites[index].kme_id} did not start")


def _timed(asking: JsonClient, path: str, body: dict[str, Any], repeats: int) -> list[float]:
    times = []
    for _ in range(repeats):
        before = time.perf_counter()
        answer = asking.call("POST", path, body)
        times.append(time.perf_counter() - before)
        if answer.status != _OK:
            raise RuntimeError(f"status {answer.status}: {answer.message}")
    return times


def _measure(lab: Lab, slave: str, label: str) -> None:
    asking = client(lab, "alice", lab.sites[0].ports["sae"])
    path = f"/api/v1/keys/{slave}/enc_keys"
    _timed(asking, path, {"number": 1}, 20)
    single = statistics.median(_timed(asking, path, {"number": 1}, 300))
    batches = _timed(asking, path, {"number": 100}, 60)
    rate, median = 100 * len(batches) / sum(batches), statistics.median(batches)
    sys.stdout.write(
        f"{label}: enc_keys p50 {single * 1e3:.1f} ms (1 key), {median * 1e3:.1f} ms (100 keys), "
        f"{rate:.0f} keys/s at 100 keys per request\n"
    )
    asking.close()


def main() -> None:
    """Measure a direct link and a relay over one trusted node."""
    with tempfile.TemporaryDirectory() as directory:
        sites = make_sites({"kme-a": ["alice"], "kme-b": ["bob"], "kme-c": ["carol"]})
        lab = Lab(Path(directory), sites, _LARGE_STOCK)
        lab.create()
        with running(lab):
            _measure(lab, "bob", "direct link")
            _measure(lab, "carol", "over a trusted node")


if __name__ == "__main__":
    main()
