"""Two VMs with a QKD link, on the local stack with two real agents."""

from __future__ import annotations

import base64
import importlib.util
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.aws_clients import make_client
from infra.aws.workflows import definitions
from infra.local.qkd import QKDLab
from infra.local.stack import LocalStack, StackOptions
from infra.local.workflows import STATE_MACHINE_ARN_PREFIX
from tests.integration.stack.client import KEY, Experiment, in_hours, wait_until
from tests.integration.stack.conftest import VARIABLES

FETCH = Path(__file__).parents[3] / "examples" / "fetch-key.py"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    state = tmp_path_factory.mktemp("stack")
    if not QKDLab(state, state).can_run():
        pytest.skip("the QKD agents need what infra/onprem/requirements.in lists")
    variables = {**VARIABLES, "LOCAL_SECONDS_TELEMETRY": "1"}
    options = StackOptions(state=state, boot_seconds=0.3, variables=variables, qkd=True)
    with LocalStack(options) as stack:
        yield stack


def request_pair(experiment: Experiment, **link):
    wanted = {"friendly_name": "ab", "type": "qkd", "source": "a", "destination": "b", **link}
    common = {"disk_image_id": "ubuntu-24.04", "flavor_id": "m1.tiny"}
    body = {
        "expires_at": in_hours(1),
        "resources": [{"friendly_name": name, **common} for name in ("a", "b")],
        "links": [wanted],
        "ssh_authorized_keys": [KEY],
        "tokens": [{"jwt": experiment.user_token}],
    }
    return experiment.call("POST", "/resources", body, request_id=str(uuid.uuid4()))


def up_pair(experiment: Experiment):
    answer = request_pair(experiment, min_bandwidth_bit_per_s=1000)
    assert answer.status == 200, answer
    task = experiment.closed_task(answer.body["task"]["id"])
    assert task["status"] == "finished", task
    return answer.body


def fetch(stack: LocalStack, name: str, *arguments: str):
    directory = stack.lab.guests / name / "slices-qkd" / "ab"
    return subprocess.run(
        [sys.executable, FETCH, directory, *arguments], check=False, capture_output=True, text=True
    )


def nothing_left() -> bool:
    return all(
        not agent.enrolled() and not agent.reservations()
        for agent in bootstrap.qkd_agents().values()
    )


def test_both_vms_fetch_the_same_key(stack, experiment):
    accepted = up_pair(experiment)
    link = experiment.ok("GET", f"/links/{accepted['links'][0]['id']}")
    assert link["status"] == "active"
    assert [end["resource_id"] for end in link["ends"]] == accepted["task"]["resource_ids"]

    first = fetch(stack, "a")
    assert first.returncode == 0, first.stderr
    key = json.loads(first.stdout)
    second = fetch(stack, "b", "--key-id", key["key_ID"])
    assert json.loads(second.stdout) == key
    again = fetch(stack, "b", "--key-id", key["key_ID"])
    assert again.returncode == 1, "a key is delivered once"

    consumed = wait_until(
        lambda: experiment.ok("GET", f"/links/{link['id']}")["consumed_bits"], "consumption"
    )
    assert consumed >= 256

    experiment.delete(accepted["task"]["resource_ids"][0])
    wait_until(
        lambda: experiment.ok("GET", f"/links/{link['id']}")["status"] == "released", "the release"
    )
    assert fetch(stack, "b").returncode == 1, "revoked with the link"
    assert nothing_left()


def test_no_key_byte_is_in_the_cloud(stack, experiment, caplog):
    caplog.set_level("DEBUG")
    accepted = up_pair(experiment)
    spec = importlib.util.spec_from_file_location("fetch_key", FETCH)
    fetch_key = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fetch_key)
    directory = stack.lab.guests / "a" / "slices-qkd" / "ab"
    link = json.loads((directory / "link.json").read_text())
    url = f"{link['kme_url']}/api/v1/keys/{link['peer_sae_id']}/enc_keys"
    entries = fetch_key.post(url, {"number": 20}, directory)["keys"]
    stack.scheduler.run("telemetry")
    experiment.delete(accepted["task"]["resource_ids"][0])

    places = {
        "tables": "".join(json.dumps(item, default=str) for item in stored_items()),
        "histories": "".join(histories()),
        "answers": json.dumps([accepted, experiment.ok("GET", "/qkd-links")]),
        "log": caplog.text,
        "agents' logs": "".join(
            path.read_text(errors="replace") for path in stack.lab.guests.parent.glob("qkd/*.log")
        ),
    }
    assert all(places[name] for name in ("tables", "histories", "log"))
    for entry in entries:
        key = base64.b64decode(entry["key"])
        forms = {entry["key"].rstrip("="), base64.urlsafe_b64encode(key).decode().rstrip("="),
                 key.hex(), key.hex().upper(), key[::-1].hex(), repr(key)[2:-1]}  # fmt: skip
        found = {place for place, text in places.items() if any(form in text for form in forms)}
        assert found == set()


def stored_items():
    client = make_client("dynamodb")
    for name in client.list_tables()["TableNames"]:
        for page in client.get_paginator("scan").paginate(TableName=name):
            yield from page["Items"]


def histories():
    client = make_client("stepfunctions")
    for workflow in definitions():
        arn = STATE_MACHINE_ARN_PREFIX + workflow
        for execution in client.list_executions(stateMachineArn=arn)["executions"]:
            events = client.get_execution_history(executionArn=execution["executionArn"])
            yield json.dumps(events["events"], default=str)


def test_a_link_can_go_while_its_vms_stay(experiment):
    accepted = up_pair(experiment)
    link_id = accepted["links"][0]["id"]
    task = experiment.ok("DELETE", f"/links/{link_id}")["task"]
    assert experiment.closed_task(task["id"])["status"] == "finished"
    assert experiment.ok("DELETE", f"/links/{link_id}")["task"]["id"] == task["id"]
    assert nothing_left()
    assert {r["status"] for r in experiment.listed()} == {"up"}


def test_a_vm_is_deleted_while_its_site_cannot_be_reached(stack, experiment, simulator):
    accepted = up_pair(experiment)
    link_path = f"/links/{accepted['links'][0]['id']}"
    first, second = accepted["task"]["resource_ids"]
    stack.lab.kill("kme-b")

    assert experiment.delete(first)["status"] == "finished"
    assert experiment.resource(first)["status"] == "terminated"
    snapshot = simulator.snapshot()
    assert [server["metadata"]["resource_id"] for server in snapshot.servers] == [second]
    assert len(snapshot.ports) == 1
    assert experiment.ok("GET", "/quota")["used"]["instances"] == 1

    waiting = wait_until(
        lambda: one if (one := experiment.ok("GET", link_path))["waiting_reason"] else None,
        "the link to say what it waits for",
    )
    assert waiting["status"] == "releasing"
    assert "kme-b" in waiting["waiting_reason"]
    # The site that can be reached has shut its SAE out by now.
    assert not bootstrap.qkd_agents()["kme-a"].enrolled()

    stack.lab.restart()
    # As a function that starts: its breakers are closed.
    bootstrap.reset()
    released = wait_until(
        lambda: one if (one := experiment.ok("GET", link_path))["ended_at"] else None, "the release"
    )
    assert (released["status"], released["waiting_reason"]) == ("released", None)
    assert nothing_left()


def test_the_link_is_watched(experiment):
    (shown,) = wait_until(
        lambda: [one for one in experiment.ok("GET", "/qkd-links") if one["qber"]], "a QBER"
    )
    assert shown["provenance"] == "emulated"
    assert shown["ends"] == ["kme-a", "kme-b"]
    assert 0 < shown["qber"] < 0.05
    assert shown["skr_bit_per_s"] > 1000
    path = f"/qkd-links/{shown['id']}/samples"
    series = wait_until(
        lambda: one if (one := experiment.ok("GET", path))["samples"] else None, "samples"
    )
    assert series["units"]["qber"] == "fraction"
    assert series["samples"][0]["provenance"] == "emulated"


def test_too_much_is_refused_and_says_what_would_fit(experiment):
    answer = request_pair(experiment, min_bandwidth_bit_per_s=2_000_000_000)
    assert (answer.status, answer.body["code"]) == (409, "bandwidth-exceeded")
    assert "would fit" in answer.body["detail"]
    assert experiment.listed() == []


def test_a_fault_degrades_the_link_and_its_end_mends_it(experiment):
    accepted = up_pair(experiment)
    link_id = accepted["links"][0]["id"]
    shown = experiment.ok("GET", "/qkd-links")[0]
    transport = bootstrap.qkd_agents()["kme-a"]._transport
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    faults = "/v1/emulator/faults"
    body = {"link": shown["id"], "kind": "eve", "value": 0.5, "until": until}
    fault = transport.call("POST", faults, body)

    def status():
        return experiment.ok("GET", f"/links/{link_id}")["status"]

    wait_until(lambda: status() == "degraded", "degraded")
    kinds = {alarm["kind"] for alarm in experiment.ok("GET", "/qkd-links")[0]["alarms"]}
    assert "qber_high" in kinds
    transport.call("DELETE", f"{faults}/{fault['fault_id']}")
    wait_until(lambda: status() == "active", "active again")
