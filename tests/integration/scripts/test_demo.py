"""The demonstration, as `make demo` runs it, and the form of all shell scripts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.scripts.runner import REPOSITORY


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_demo_runs_to_its_end(tmp_path):
    arguments = ["run", "--state", str(tmp_path), "--boot-seconds", "0.3"]
    run = subprocess.run(
        [sys.executable, "-m", "infra.local", *arguments, "--", "infra/local/demo.sh"],
        cwd=REPOSITORY,
        env={**os.environ, "POLL_SECONDS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert run.returncode == 0, run
    assert "node0: up, until " in run.stdout
    assert "node1: up, until " in run.stdout
    assert "Resources of the experiment: 0" in run.stdout
    assert 'Left in the cloud: {"servers":0,"ports":0,"floating_ips":0}' in run.stdout


def test_make_demo_runs_that():
    plan = subprocess.run(
        ["make", "--dry-run", "demo"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    command = plan.stdout.split("-m infra.local ")[1].splitlines()[0]
    assert command == "run --cloud simulator -- infra/local/demo.sh"


def test_shell_scripts_are_clean():
    scripts = [*REPOSITORY.glob("examples/*.sh"), *REPOSITORY.glob("infra/**/*.sh")]
    # A template: its values are put in first, and its own tests run it.
    scripts = [script for script in scripts if script.parent.name != "templates"]
    assert len(scripts) >= 4
    shellcheck = Path(sys.executable).with_name("shellcheck")
    run = subprocess.run([shellcheck, *scripts], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")
