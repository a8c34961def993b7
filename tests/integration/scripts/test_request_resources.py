"""examples/request-resources.sh, run as users run it, against the whole local stack."""

from __future__ import annotations

import json
import uuid

import pytest

from infra.local.simulator import Effect, Fault
from tests.integration.scripts.runner import NAME
from tests.integration.stack.client import KEY, in_hours


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


def test_dry_run_creates_nothing(ask, experiment, simulator):
    run = ask(*NAME, "--count", "2", "--dry-run")
    assert (run.status, run.out) == (0, "")
    assert "would be accepted" in run.err
    assert experiment.ok("GET", "/tasks") == []
    assert not any(simulator.snapshot())


def test_two_vms_with_user_data_and_key_as_json(ask, experiment, tmp_path):
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


def test_no_wait_returns_before_the_vm_is_up(ask, stack):
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
