"""kill -9 of the program that runs the lab's agents in a namespace leaves no agent there."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from infra.local.tunnel.namespace import run
from tests.integration.scripts.runner import REPOSITORY
from tests.integration.tunnel.conftest import skip_unless

pytestmark = pytest.mark.needs_tun
_HOLDER = """
import sys
from pathlib import Path
from infra.local.tunnel.agents import LabAgents
from infra.local.tunnel.namespace import Namespace
from infra.local.tunnel.wires import AGENTS_HOST
host = Namespace(sys.argv[1])
host.run("ip", "address", "add", AGENTS_HOST, "dev", "lo")
LabAgents(host, Path(sys.argv[2])).start()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def name():
    skip_unless(("ip",))
    name = f"slices-killed-{os.getpid()}"
    yield name
    for pid in run("ip", "netns", "pids", name).split():
        run("kill", "-9", pid)
    run("ip", "netns", "del", name)


def test_the_agents_end_with_the_program_that_holds_them(name, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, name, tmp_path],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout.readline() == b"ready\n"
        assert len(run("ip", "netns", "pids", name).split()) == 2
        holder.kill()
    deadline = time.monotonic() + 30
    while left := run("ip", "netns", "pids", name).split():
        assert time.monotonic() < deadline, f"{left} still run"
        time.sleep(0.05)
