"""examples/request-resources.sh, run as users run it, against the whole local stack."""

from __future__ import annotations

import json
import os
import signal
import uuid
from pathlib import Path

import pytest

from infra.local.simulator import Effect, Fault
from tests.integration.scripts.runner import Script, end
from tests.integration.stack.client import KEY, in_hours, wait_until

NAME = ["--flavor", "m1.tiny"]
NO_SUCH_PORT = "http://127.0.0.1:9"


@pytest.fixture
def ask(script: Script, experiment):
    """Run it for this test's experiment."""

    def run(*arguments: str):
        return script.run(experiment.name, *arguments)

    return run


# --- usage ------------------------------------------------------------------------------------


def test_help_goes_to_stdout_and_names_every_option_and_exit_code(script):
    run = script.run("--help")
    assert (run.status, run.err) == (0, "")
    for word in ("--image", "--count", "--until", "--request-id", "--delete", "Exit codes: 0 done"):
        assert word in run.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Usage:"),
        (["e", "--nonsense"], "unknown option --nonsense"),
        (["e", "extra"], "unexpected argument extra"),
        (["e", "--image"], "--image needs a value"),
        (["e", "--count", "0"], "--count"),
        (["e", "--count", "1;id"], "--count"),
        (["e", "--timeout", "soon"], "--timeout"),
        (["e", "--duration", "2 days"], "--duration"),
        (["e", "--until", "tomorrow"], "--until"),
        (["e", "--request-id", "a&dry_run=true"], "--request-id"),
        (["e", "--userdata", "/no/such/file"], "cannot read /no/such/file"),
        (["e", "--userdata", "/"], "cannot read /"),
        (["e", "--ssh-key", "/no/such/key"], "cannot read /no/such/key"),
        (["e", "--url", "http://bi.example.org"], "--url must be https"),
        (["e", "--url", "http://127.0.0.1.example.org"], "--url must be https"),
    ],
)
def test_wrong_use(script, arguments, message):
    run = script.run(*arguments)
    assert (run.status, run.out) == (2, "")
    assert message in run.err


def test_a_private_key_is_not_sent(script, tmp_path):
    key = tmp_path / "id_ed25519"
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", encoding="utf-8")
    run = script.run("e", "--ssh-key", str(key))
    assert run.status == 2
    assert "give the .pub file" in run.err


def test_no_infrastructure_is_known(script):
    del script.environment["SLICES_BI_URL"]
    run = script.run("e")
    assert run.status == 2
    assert "give --url" in run.err


def test_the_local_stack_is_found_by_its_file(script, stack, experiment):
    del script.environment["SLICES_BI_URL"], script.environment["SLICES_ISSUER_URL"]
    script.environment["SLICES_STACK_FILE"] = str(stack.options.state / "stack.json")
    assert script.run(experiment.name, "--dry-run").status == 0


# --- asking -----------------------------------------------------------------------------------


def test_dry_run_creates_nothing(ask, experiment, simulator):
    run = ask(*NAME, "--count", "2", "--dry-run")
    assert (run.status, run.out) == (0, "")
    assert "would be accepted" in run.err
    assert experiment.ok("GET", "/tasks") == []
    assert not any(simulator.snapshot())


def test_two_vms_with_user_data_and_key_as_json(ask, experiment, stack, tmp_path):
    (tmp_path / "user-data").write_text("#cloud-config\n{}\n", encoding="utf-8")
    (tmp_path / "key.pub").write_text(f"{KEY}\n", encoding="utf-8")
    files = ["--userdata", str(tmp_path / "user-data"), "--ssh-key", str(tmp_path / "key.pub")]

    run = ask(*NAME, "--name", "node", "--count", "2", *files, "--duration", "90m", "--json")

    assert run.status == 0, run
    answer = json.loads(run.out)
    assert [r["friendly_name"] for r in answer["resources"]] == ["node0", "node1"]
    assert {r["status"] for r in answer["resources"]} == {"up"}
    assert experiment.task(answer["task_id"])["status"] == "finished"
    assert f"Accepted: task {answer['task_id']}" in run.err
    assert "node1: ready finished" in run.err
    assert "ssh_authorized_keys is empty" not in run.err


def test_people_read_how_to_log_in(ask, script):
    (script.home / ".ssh").mkdir()
    (script.home / ".ssh" / "id_ed25519.pub").write_text(f"{KEY}\n", encoding="utf-8")
    run = ask(*NAME, "--name", "box", "--public-ipv4", "--network", "lab")
    assert run.status == 0, run
    first, login, *keys = run.out.splitlines()
    assert first.startswith("box: up, until 20")
    assert login.startswith("  ssh -p 22 ubuntu@203.0.113.")
    assert len(keys) == 3
    assert "Warning" not in run.err


def test_without_a_key_it_warns(ask):
    run = ask(*NAME, "--no-wait")
    assert run.status == 0
    assert "Warning: ssh_authorized_keys is empty" in run.err


def test_no_wait_returns_before_the_vm_is_up(ask, stack, experiment):
    stack.simulator.faults.add(Fault(Effect.DELAY, "POST", "/servers$", seconds=3))
    run = ask(*NAME, "--no-wait", "--json")
    assert run.status == 0
    (resource,) = json.loads(run.out)["resources"]
    assert resource["status"] in {"requested", "imaging"}


def test_repeating_with_request_id_and_until_creates_nothing_more(ask, experiment):
    again = ["--request-id", str(uuid.uuid4()), "--until", in_hours(1)]
    first, second = (ask(*NAME, "--no-wait", "--json", *again) for _ in range(2))
    assert (first.status, second.status) == (0, 0), (first, second)
    first_ids, second_ids = (
        [r["id"] for r in json.loads(run.out)["resources"]] for run in (first, second)
    )
    assert first_ids == second_ids
    assert len(experiment.listed()) == 1
    other = ask("--flavor", "m1.small", *again)
    assert other.status == 4
    assert "request_id was used for another request" in other.err


def test_what_it_prints_repeats_the_request(ask, experiment):
    first = ask(*NAME, "--no-wait")
    words = first.err.split("repeat it safely: ")[1].split(")")[0].split()
    second = ask(*NAME, "--no-wait", *words)
    assert second.status == 0, second
    assert len(experiment.listed()) == 1


# --- deleting ---------------------------------------------------------------------------------


def test_delete_by_name_then_all(ask, experiment, simulator):
    assert ask(*NAME, "--count", "3").status == 0
    one = ask("--delete", "vm1", "--json")
    assert one.status == 0, one
    assert len(json.loads(one.out)["tasks"]) == 1
    assert sorted(r["friendly_name"] for r in experiment.listed()) == ["vm0", "vm2"]
    assert ask("--delete").status == 0
    assert experiment.listed() == []
    assert not any(simulator.snapshot())


def test_nothing_to_delete(ask, experiment):
    run = ask("--delete", "--json")
    assert (run.status, json.loads(run.out)) == (0, {"tasks": []})
    assert f"Nothing to delete in {experiment.name}." in run.err


def test_an_unknown_name_stops_the_deletion_of_the_others(ask, experiment):
    experiment.up("kept")
    run = ask("--delete", "kept", "tpyo")
    assert run.status == 4
    assert "no such resource: tpyo; nothing was deleted" in run.err
    assert [r["status"] for r in experiment.listed()] == ["up"]


def test_delete_dry_run_deletes_nothing(ask, experiment):
    (vm,) = experiment.up("kept")
    run = ask("--delete", "--dry-run")
    assert run.status == 0
    assert f"Would delete {vm['id']}" in run.err
    assert experiment.resource(vm["id"])["status"] == "up"


# --- what goes wrong --------------------------------------------------------------------------


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


# --- tokens -----------------------------------------------------------------------------------


@pytest.fixture
def slices(script, stack, experiment, tmp_path):
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


def test_the_slices_cli_fails(ask, slices, script, experiment):
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


# --- secrets ----------------------------------------------------------------------------------


def test_no_token_in_arguments_or_files_and_files_are_private(
    ask, slices, script, experiment, tmp_path
):
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
    import time  # noqa: PLC0415

    return int(time.time()) - seconds


def real(program: str) -> str:
    """The program's own path, for doubles that stand before it."""
    for directory in os.environ["PATH"].split(":"):
        path = Path(directory) / program
        if path.exists():
            return str(path)
    raise FileNotFoundError(program)
