"""Where examples/request-resources.sh gets its tokens, and that it lets nobody see them."""

from __future__ import annotations

import os
import signal
import time

import pytest

from infra.local.simulator import Effect, Fault
from tests.integration.scripts.runner import NAME, NO_SUCH_PORT, end, real
from tests.integration.stack.client import wait_until


@pytest.fixture
def slices(script, experiment, tmp_path):
    """A SLICES CLI that prints the lines of two files in turn, the last one for ever."""
    del script.environment["SLICES_ISSUER_URL"]
    script.program(
        "slices",
        f"""#!/bin/bash
file={tmp_path}/$2
echo "$*" >>"{tmp_path}/slices-calls"
head -n 1 "$file"
if [[ $(wc -l <"$file") -gt 1 ]]; then sed -i 1d "$file"; fi
""",
    )

    def prints(experiment_tokens, user_tokens):
        for name, tokens in (("jwt", experiment_tokens), ("id-token", user_tokens)):
            (tmp_path / name).write_text("".join(f"{t}\n" for t in tokens), encoding="utf-8")

    prints([experiment.token], [experiment.user_token])
    prints.calls = lambda: (tmp_path / "slices-calls").read_text(encoding="utf-8").splitlines()
    return prints


def test_tokens_come_from_the_slices_cli(ask, slices, experiment, stack):
    assert ask(*NAME, "--no-wait").status == 0
    assert slices.calls() == [
        f"experiment jwt {experiment.name}",
        f"auth id-token {stack.addresses.api_url}",
    ]


@pytest.mark.parametrize("which", ["experiment", "user", "both"])
def test_an_expired_token_is_fetched_again_once(ask, slices, experiment, stack, which):
    old = stack.issuer.experiment_token(
        experiment.name, project="demo", iat=in_past(900), exp=in_past(60)
    )
    old_user = stack.issuer.user_token("ada", project="demo", iat=in_past(900), exp=in_past(60))
    slices(
        [old if which != "user" else experiment.token, experiment.token],
        [old_user if which != "experiment" else experiment.user_token, experiment.user_token],
    )
    run = ask(*NAME, "--no-wait")
    assert run.status == 0, run
    assert len(slices.calls()) == 4


def test_a_token_that_stays_expired_is_refused(ask, slices, stack, experiment):
    old = stack.issuer.experiment_token(
        experiment.name, project="demo", iat=in_past(900), exp=in_past(60)
    )
    slices([old], [experiment.user_token])
    run = ask(*NAME)
    assert run.status == 4
    assert "refused (401)" in run.err
    assert len(slices.calls()) == 4


def test_the_slices_cli_fails(ask, script, experiment):
    del script.environment["SLICES_ISSUER_URL"]
    script.program("slices", "#!/bin/bash\necho no such thing >&2\nexit 1\n")
    run = ask(*NAME)
    assert (run.status, run.out) == (3, "")
    assert f"does '{experiment.name}' exist?" in run.err


def test_the_slices_cli_prints_something_else(ask, slices):
    slices(["Please log in:"], ["https://login.example.org/?a b"])
    run = ask(*NAME)
    assert run.status == 3
    assert "is not a token" in run.err
    assert "Please log in" not in run.err


def test_neither_cli_nor_stack(ask, script):
    del script.environment["SLICES_ISSUER_URL"]
    run = ask(*NAME)
    assert run.status == 3
    assert "install the SLICES CLI" in run.err


def test_the_issuer_does_not_answer(ask, script):
    script.environment["SLICES_ISSUER_URL"] = NO_SUCH_PORT
    assert ask(*NAME).status == 3


@pytest.mark.usefixtures("slices")
def test_no_token_in_arguments_or_files_and_files_are_private(ask, script, experiment, tmp_path):
    seen = tmp_path / "seen"
    spy = """#!/bin/bash
tr '\\0' '\\n' </proc/$$/cmdline >>"{seen}"
find "$TMPDIR" -type f -exec cat {{}} + >>"{seen}.files"
find "$TMPDIR" -mindepth 1 -printf '%y%m\\n' >>"{seen}.modes"
exec {program} "$@"
"""
    for tool in ("curl", "jq"):
        script.program(tool, spy.format(seen=seen, program=real(tool)))
    assert ask(*NAME, "--no-wait", "--json").status == 0
    arguments = seen.read_text(encoding="utf-8")
    assert "--data-binary" in arguments
    assert "--slurpfile" in arguments
    files = (tmp_path / "seen.files").read_text(encoding="utf-8")
    assert "friendly_name" in files
    for token in (experiment.token, experiment.user_token):
        assert token not in arguments
        assert token not in files
    assert set((tmp_path / "seen.modes").read_text(encoding="utf-8").split()) == {"d700", "f600"}
    assert script.left_files() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_no_files(script, experiment, stack, number):
    stack.simulator.faults.add(Fault(Effect.DELAY, "POST", "/servers$", seconds=3))
    process = script.start(experiment.name, *NAME)
    try:
        wait_until(lambda: "accepted" in script.modes(), "an accepted request", 30)
        os.killpg(process.pid, number)
        process.communicate(timeout=10)
    finally:
        end(process)
    assert process.returncode == -number
    assert script.left_files() == []


def in_past(seconds: int) -> int:
    return int(time.time()) - seconds
