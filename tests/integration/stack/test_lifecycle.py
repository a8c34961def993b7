"""A VM's whole life over HTTP, on the whole stack."""

from __future__ import annotations

import json

from msgspec.structs import replace

from chalicelib import bootstrap
from tests.integration.stack.client import in_hours


def test_two_vms_from_request_to_removal(experiment, simulator):
    body = experiment.accepted(
        "alpha", "beta", userdata="#!/bin/sh\necho hello\n", network_name="lab", public_ipv4=True
    )
    assert [r["friendly_name"] for r in body["resources"]] == ["alpha", "beta"]
    assert {r["status"] for r in body["resources"]} == {"requested"}

    task = experiment.closed_task(body["task"]["id"])

    assert (task["status"], task["completed"]) == ("finished", 100)
    assert task["resource_ids"] == [r["id"] for r in body["resources"]]
    resources = [experiment.resource(r["id"]) for r in body["resources"]]
    for resource in resources:
        assert resource["status"] == "up"
        assert resource["private_ipv4"].startswith("10.98.0.")
        assert resource["public_ipv4"].startswith("203.0.113.")
        assert len(resource["ssh_host_key_fingerprints"]) == 3
    assert len(simulator.snapshot().servers) == 2
    assert len(simulator.snapshot().floating_ips) == 2

    for resource in resources:
        closed = experiment.delete(resource["id"])
        assert (closed["status"], closed["completed"]) == ("finished", 100)
        gone = experiment.resource(resource["id"])
        assert (gone["status"], gone["failure_reason"]) == ("terminated", None)
        assert gone["terminated_at"] is not None
    assert not any(simulator.snapshot())
    assert experiment.listed() == []
    assert used(experiment) == {"instances": 0, "vcpus": 0, "ram_mib": 0}


def test_names_are_free_again_after_removal(experiment):
    (first,) = experiment.up("same")
    assert experiment.request("same").status == 409
    experiment.delete(first["id"])
    (second,) = experiment.up("same")
    assert second["id"] != first["id"]


def test_extend_reset_console_and_history(experiment):
    (vm,) = experiment.up("vm")
    path = f"/resources/{vm['id']}"

    later = in_hours(5)
    assert experiment.ok("POST", f"{path}/extend", {"expires_at": later})["expires_at"] == later
    assert experiment.resource(vm["id"])["expires_at"] == later

    reset = experiment.closed_task(experiment.ok("POST", f"{path}/reset")["task"]["id"])
    assert (reset["action"], reset["status"]) == ("reset", "finished")
    assert experiment.resource(vm["id"])["status"] == "up"

    assert experiment.ok("GET", f"{path}/console")["url"].startswith("http")
    whats = [event["what"] for event in experiment.ok("GET", f"{path}/events")]
    assert whats[0] == "requested"
    assert {"extended", "reset", "up again", "phoned home"} <= set(whats)


def test_a_vm_ends_when_its_time_is_up(experiment):
    (vm,) = experiment.up("short", hours=0.05)
    # Nothing waits three minutes here: the store is told an earlier end.
    backend = bootstrap.backend()
    backend.resources.change(vm["id"], lambda one: replace(one, expires_at=backend.clock()))
    ended = experiment.with_status(vm["id"], "terminated")
    assert ended["failure_reason"] is None
    events = experiment.ok("GET", f"/resources/{vm['id']}/events")
    assert "Its time was up." in json.dumps(events)


def test_answers_hold_no_secrets(experiment):
    secret = "hunter2-in-user-data"
    body = experiment.accepted("quiet", userdata=f"#!/bin/sh\nexport PASSWORD={secret}\n")
    experiment.closed_task(body["task"]["id"])
    resource_id = body["resources"][0]["id"]
    for path in (f"/tasks/{body['task']['id']}", f"/resources/{resource_id}", "/resources"):
        assert secret not in experiment.call("GET", path).text


def used(experiment):
    return experiment.ok("GET", "/quota")["used"]
