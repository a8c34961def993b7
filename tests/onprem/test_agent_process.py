"""An agent's process: how it ends, and that it never outlives the one that started it."""

import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from infra.onprem import bench
from infra.onprem.agent_process import is_answering, start_agent, stop_agents
from infra.onprem.lab import Lab
from tests.onprem.conftest import wait_until

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path, bench.make_sites({"kme-a": []}))
    lab.create()
    return lab


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, None], ids=str)
def test_it_ends_in_good_order(lab, number):
    with bench.start(lab, 0) as process:
        if number is None:
            process.stdin.close()
        else:
            process.send_signal(number)
        assert process.wait(30) == 0
    assert "Traceback" not in lab.log(0).read_text()


def test_one_that_cannot_start_says_why(lab):
    lab.configuration(0).write_text("x = 1")
    with pytest.raises(RuntimeError, match=r"kme-a did not start: .*: x: Extra inputs are not"):
        bench.start(lab, 0)


def test_one_that_does_not_end_is_killed(lab):
    """It does not look at its input."""
    process = start_agent(lab, 0, ("sh", "-c", "exec sleep 600"))
    stop_agents([process], seconds=0.1)
    assert process.returncode == -signal.SIGKILL


def test_kill_9_of_the_bench_leaves_no_agent(tmp_path):
    command = [sys.executable, "-m", "infra.onprem.bench", "--rounds", "1000000", "--stored", "100"]
    with subprocess.Popen(
        [*command, "--directory", tmp_path], cwd=REPOSITORY, stdout=subprocess.DEVNULL
    ) as measuring:
        configurations = wait_until(lambda: sorted(tmp_path.glob("*/kme-c.toml")), 60)
        files = [configurations[0].with_name(f"kme-{name}.toml") for name in "abc"]
        ports = [tomllib.loads(file.read_text())["faces"]["control"]["port"] for file in files]
        wait_until(lambda: all(map(is_answering, ports)), 60)
        measuring.kill()
    wait_until(lambda: not any(map(is_answering, ports)), 60)
