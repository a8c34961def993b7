"""Two VMs with a QKD link on the real control plane: same key at both ends, and nothing left."""

from __future__ import annotations

import json

import pytest

from chalicelib import bootstrap
from infra.local.guest import ENROLMENT_FILENAME, parts
from tests.integration.openstack.conftest import PATIENCE_SECONDS
from tests.integration.stack.client import wait_until
from tests.integration.stack.test_links import fetch, nothing_left, request_pair

# The first test may have to install and to start everything.
pytestmark = [pytest.mark.openstack, pytest.mark.timeout(600)]


def test_a_pair_from_request_to_removal(stack, experiment, truth):
    if stack.lab is None:
        pytest.skip("the QKD agents need what infra/onprem/requirements.in lists")
    answer = request_pair(experiment, min_bandwidth_bit_per_s=1000)
    assert answer.status == 200, answer
    task = experiment.closed_task(answer.body["task"]["id"])
    assert task["status"] == "finished", task
    link = experiment.ok("GET", f"/links/{answer.body['links'][0]['id']}")
    assert link["status"] == "active"

    servers = {server.name: server for server in truth.servers()}
    assert sorted(servers) == ["a", "b"]
    for server in servers.values():
        document = truth.console_log(server.id).partition("--- user data ---\n")[2]
        names = [part.filename for part in parts(document.encode())]
        assert ENROLMENT_FILENAME in names
    assert fetched_alike(stack)

    deletions = [experiment.ok("DELETE", f"/resources/{one}") for one in task["resource_ids"]]
    for deletion in deletions:
        assert experiment.closed_task(deletion["task"]["id"])["status"] == "finished"
    wait_until(
        lambda: experiment.ok("GET", f"/links/{link['id']}")["status"] == "released",
        "the link's release",
        PATIENCE_SECONDS,
    )
    assert truth.leftovers() == []
    assert [truth.allocations(server.id) for server in servers.values()] == [{}, {}]
    assert nothing_left()
    backend = bootstrap.backend()
    assert list(backend.links.live()) == list(backend.resources.live()) == []
    assert backend.qkd_links.get(link["qkd_link_id"]).bookings == ()
    assert experiment.ok("GET", "/quota")["used"]["instances"] == 0


def fetched_alike(stack):
    first = fetch(stack, "a")
    assert first.returncode == 0, first.stderr
    second = fetch(stack, "b", "--key-id", json.loads(first.stdout)["key_ID"])
    return second.stdout == first.stdout
