"""What examples/request-resources.sh says and returns when something goes wrong."""

from __future__ import annotations

from infra.local.simulator import Effect, Fault
from tests.integration.scripts.runner import NAME, NO_SUCH_PORT, real


def test_an_unknown_image_lists_those_that_exist(ask):
    run = ask("--image", "windows-95")
    assert (run.status, run.out) == (4, "")
    assert "no disk image 'windows-95'; there are: " in run.err
    assert "ubuntu-24.04" in run.err


def test_a_refusal_shows_the_field(ask):
    run = ask(*NAME, "--name", "not a name!", "--until", "2020-01-01T00:00:00Z")
    assert (run.status, run.out) == (4, "")
    assert "refused (422)" in run.err
    assert "  - resources[0].friendly_name: " in run.err


def test_a_failed_task_says_why(ask, stack):
    stack.simulator.faults.add(Fault(Effect.SPAWN_ERROR, times=None, message="no luck at all"))
    run = ask(*NAME, "--name", "unlucky")
    assert run.status == 1, run
    assert "Failed: " in run.err
    assert "unlucky: failed" in run.out
    assert "  failed: " in run.out


def test_unreachable(ask):
    run = ask("--url", NO_SUCH_PORT)
    assert (run.status, run.out) == (5, "")
    assert f"cannot reach {NO_SUCH_PORT}" in run.err


def test_a_lost_answer_says_how_to_repeat(ask, script):
    script.program(
        "curl",
        f"""#!/bin/bash
case "$*" in *"--request POST"*) {real("curl")} "$@" >/dev/null; exit 52 ;; esac
exec {real("curl")} "$@"
""",
    )
    lost = ask(*NAME)
    assert lost.status == 5
    words = lost.err.split("repeat it safely, add: ")[1].splitlines()[0].split()
    (script.programs / "curl").unlink()
    assert ask(*NAME, *words).status == 0


def test_not_in_time(ask, stack, experiment):
    stack.simulator.faults.add(Fault(Effect.DELAY, "POST", "/servers$", seconds=4))
    run = ask(*NAME, "--timeout", "1")
    assert run.status == 6, run
    assert "Not done within 1 s; it goes on." in run.err
    assert len(experiment.listed()) == 1
