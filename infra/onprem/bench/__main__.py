"""Measure the delivery of keys: `python -m infra.onprem.bench`.

Three agents run as processes of their own; this process is the SAE. It keeps one connection, with
certificates at both ends, to each agent. A key that it gets is on the disk of the far agent. The
store is filled before: an empty one is faster. What the figures are to be compared with is
measured in the same run, in turn with them.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from infra.onprem.bench import client, make_sites, running
from infra.onprem.bench.baseline import bare_server, synced_commit
from infra.onprem.bench.measure import Measured, asked, cpu_of, in_turn, table
from infra.onprem.lab import BACKEND, Lab
from infra.onprem.qkd_agent.web.client import JsonClient

_BATCH = 100
_LARGE_STOCK = {"initial_stock_bits": 1e9}
_KEY_CHARACTERS = 107  # of one key with its key_ID in an answer
_APPLICATIONS = "/restconf/data/etsi-qkd-sdn-node:qkd_node/qkd_applications/qkd_app="


def _machine() -> str:
    """Return what the figures were measured on."""
    cores = len(os.sched_getaffinity(0))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cores} cores of {_cpu()}, {python}, load average {load} at the start, {at}"


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _reserve(lab: Lab) -> None:
    """Reserve the link of the two SAEs, as the backend does: their keys are counted for it."""
    app_id = str(uuid.uuid4())
    app: dict[str, Any] = {
        "app_id": app_id,
        "server_app_id": "urn:sae:alice",
        "client_app_id": ["urn:sae:bob"],
        "remote_qkdn_id": lab.sites[1].node_id,
    }
    backend = client(lab, BACKEND, lab.sites[0].ports["control"])
    answer = backend.call("PUT", _APPLICATIONS + app_id, {"etsi-qkd-sdn-node:qkd_app": [app]})
    backend.close()
    if answer.status != 201:  # noqa: PLR2004  # Created
        raise RuntimeError(f"the link could not be reserved: {answer.message}")


def _fill(alice: JsonClient, keys: int) -> None:
    for _ in range(keys // _BATCH):
        asked(alice, "/api/v1/keys/bob/enc_keys", {"number": _BATCH})


class _Fetching:
    """Gets keys as the master, and then the same as the slave."""

    def __init__(self, alice: JsonClient, bob: JsonClient, number: int) -> None:
        self._alice = alice
        self._bob = bob
        self._number = number
        self._key_ids: list[dict[str, str]] = []

    def master(self) -> None:
        """Get keys."""
        container = asked(self._alice, "/api/v1/keys/bob/enc_keys", {"number": self._number})
        self._key_ids = [{"key_ID": key["key_ID"]} for key in container["keys"]]

    def slave(self) -> None:
        """Get the same keys at the other site."""
        asked(self._bob, "/api/v1/keys/alice/dec_keys", {"key_IDs": self._key_ids})


def _call(asking: JsonClient, path: str, body: dict[str, Any]) -> Callable[[], object]:
    return lambda: asked(asking, path, body)


def _of_keys(
    number: int,
    alice: JsonClient,
    bob: JsonClient,
    bare: JsonClient,
    used: Callable[[], float],
) -> list[Measured]:
    """Return what is measured with a number of keys per request."""
    keys = "1 key" if number == 1 else f"{number} keys"
    both = _Fetching(alice, bob, number)
    relayed = _call(alice, "/api/v1/keys/carol/enc_keys", {"number": number})
    echo = _call(bare, "/", {"characters": number * _KEY_CHARACTERS})
    return [
        Measured(f"baseline: bare mTLS round trip, answer as long as {keys}", echo),
        Measured(f"enc_keys, {keys}", both.master, number, used),
        Measured(f"dec_keys, {keys}", both.slave, number, used),
        Measured(f"enc_keys over a trusted node, {keys}", relayed, number, used),
    ]


def _measure(lab: Lab, rounds: int, stored: int, pids: Sequence[int]) -> list[Measured]:
    alice, bob = (client(lab, s.sae_ids[0], s.ports["sae"]) for s in lab.sites[:2])
    _reserve(lab)
    _fill(alice, stored)
    with bare_server(lab) as bare, synced_commit(lab.directory) as commit:
        things = [Measured("baseline: one synced commit of the key store", commit)]
        for number in (1, _BATCH):
            things += _of_keys(number, alice, bob, bare, lambda: cpu_of(pids))
        in_turn(things, rounds)
    alice.close()
    bob.close()
    return things


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m infra.onprem.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=150, help="how often each is measured")
    parser.add_argument("--stored", type=int, default=20_000, help="keys in the store before")
    parser.add_argument("--directory", type=Path, help="where the stores are, instead of TMPDIR")
    chosen = parser.parse_args()
    sys.stdout.write(f"{_machine()}\n")
    with tempfile.TemporaryDirectory(dir=chosen.directory) as directory:
        sites = make_sites({"kme-a": ["alice"], "kme-b": ["bob"], "kme-c": ["carol"]})
        lab = Lab(Path(directory), sites, _LARGE_STOCK)
        lab.create()
        with running(lab) as processes:
            pids = [process.pid for process in processes]
            things = _measure(lab, max(2, chosen.rounds), chosen.stored, pids)
    sys.stdout.write(f"stores of {chosen.stored} keys and more in {directory}\n\n{table(things)}")


if __name__ == "__main__":
    main()
