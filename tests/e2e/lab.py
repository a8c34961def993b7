"""What happens in the lab: faults of the emulated link, agents that end, VMs that fetch keys."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib import bootstrap
from chalicelib.domain.errors import SiteError
from infra.local.qkd import QKDLab

ROOT = Path(__file__).parents[2]
FETCH = ROOT / "examples/fetch-key.py"
FAULTS = "/v1/emulator/faults"


def control() -> Any:
    """Return the control face of the first agent, as the backend of the lab reaches it."""
    return bootstrap.qkd_agents()["kme-a"]._transport


def is_reached() -> bool:
    """Say whether the backend hears from every agent."""
    try:
        return all(agent.links() for agent in bootstrap.qkd_agents().values())
    except SiteError:
        return False


def eavesdrop(qkd_link_id: str) -> str:
    """Let somebody measure half of the pulses; return the fault's id."""
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"link": qkd_link_id, "kind": "eve", "value": 0.5, "until": until}
    return str(control().call("POST", FAULTS, body)["fault_id"])


def emulator_faults() -> list[str]:
    return [str(fault["fault_id"]) for fault in control().call("GET", FAULTS)["faults"]]


def end_fault(fault_id: str) -> None:
    control().call("DELETE", f"{FAULTS}/{fault_id}")


def end_agents(lab: QKDLab) -> None:
    """Let nobody answer at the far end of the tunnel any more."""
    for name in bootstrap.qkd_agents():
        lab.kill(name)


def fetch_key(lab: QKDLab, vm: str, link: str, *arguments: str) -> dict[str, str]:
    """Fetch a key with what the VM has in /etc; return its identifier and digest."""
    directory = lab.guests / vm / "slices-qkd" / link
    done = subprocess.run(
        [sys.executable, FETCH, directory, *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found
