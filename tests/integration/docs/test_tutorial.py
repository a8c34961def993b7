"""The tutorial's commands do what the tutorial says, in its order."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TUTORIAL = ROOT / "docs" / "tutorial" / "first-vms.md"
START_SECONDS = 90
COMMAND_SECONDS = 90


def commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", TUTORIAL.read_text(), flags=re.DOTALL)
    return re.findall(r"^\$ (.*)$", "\n".join(blocks), flags=re.MULTILINE)


@pytest.fixture
def environment(tmp_path):
    return {
        **os.environ,
        "PORT": "0",
        "STATE": str(tmp_path),
        "SLICES_STACK_FILE": str(tmp_path / "stack.json"),
    }


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_command_works(environment, tmp_path):
    up, *others = commands()
    assert up == "make up"
    assert len(others) >= 5
    with subprocess.Popen(
        ["make", "up"], cwd=ROOT, env=environment, start_new_session=True
    ) as stack:
        try:
            wait_for_stack(stack, tmp_path / "stack.json")
            answers = [run(command, environment) for command in others]
        finally:
            os.killpg(stack.pid, signal.SIGTERM)
            stack.wait(START_SECONDS)
    assert answers[0].stderr.strip().endswith("nothing was created.")
    assert "alice: up" in answers[1].stdout
    assert answers[-1].stdout.count(".") == 2, "make token prints a JWT"


def run(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done


def wait_for_stack(stack: subprocess.Popen[bytes], stack_file: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not stack_file.exists():
        assert stack.poll() is None, "make up ended"
        assert time.monotonic() < deadline, "the stack does not start"
        time.sleep(0.1)
