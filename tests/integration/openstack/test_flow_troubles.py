"""What the real cloud refuses or loses, over HTTP: nothing is left, and the reason is said."""

from __future__ import annotations

import socket

import pytest

from tests.integration.stack.client import details

# The first test may have to install and to start everything.
pytestmark = [pytest.mark.openstack, pytest.mark.timeout(600)]

SMALL = {"disk_image_id": "cirros-like", "flavor_id": "m1.nano"}


def assert_fails(experiment, truth, reason, **fields):
    """Ask for a VM that cannot be had: task and resource say why, and nothing is left."""
    body = experiment.accepted("unlucky", **{**SMALL, **fields})
    task = experiment.closed_task(body["task"]["id"])
    assert task["status"] == "failed"
    assert reason in task["failure_reason"]
    failed = experiment.resource(body["resources"][0]["id"])
    assert failed["status"] == "failed"
    assert reason in failed["failure_reason"]
    assert truth.leftovers() == []
    assert experiment.ok("GET", "/quota")["used"]["instances"] == 0


def test_an_exceeded_quota_of_the_cloud_is_said(nova_quota, experiment, truth):
    nova_quota(instances=0)
    assert_fails(experiment, truth, "Quota exceeded for instances")


def test_no_valid_host_is_said(nova_quota, experiment, truth):
    # Otherwise Nova's quota refuses it before the scheduler sees it.
    nova_quota(ram=-1)
    assert_fails(experiment, truth, "No valid host was found", flavor_id="m1.impossible")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [("abort", "asked for by fake_spawn_error"), ("deploy", "Exceeded maximum number of retries")],
)
def test_a_failed_spawn_is_said(experiment, truth, steer_hypervisor, failure, reason):
    steer_hypervisor(fake_spawn_error=failure)
    assert_fails(experiment, truth, reason)


def test_a_failed_delete_is_repeated(experiment, truth, steer_hypervisor):
    steer_hypervisor(fake_destroy_error_once="yes")
    (vm,) = experiment.up("sticky", **SMALL)
    assert experiment.delete(vm["id"])["status"] == "finished"
    assert experiment.resource(vm["id"])["status"] == "terminated"
    assert truth.leftovers() == []


def test_a_disk_image_larger_than_the_flavor_is_refused(experiment, truth):
    refused = experiment.request("small", disk_image_id="huge-disk", flavor_id="m1.tiny")
    assert refused.status == 422
    (error,) = refused.body["errors"]
    assert error["field"] == "resources[0].flavor_id"
    assert "huge-disk needs" in error["message"]
    assert experiment.listed() == []
    assert truth.leftovers() == []


def test_a_vm_deleted_behind_our_back_fails_with_a_reason(experiment, truth, admin):
    (vm,) = experiment.up("lost", public_ipv4=True, **SMALL)
    admin.compute.delete_server(truth.server("lost"))
    failed = experiment.with_status(vm["id"], "failed")
    assert "deleted in OpenStack" in failed["failure_reason"]
    assert truth.leftovers() == []
    assert experiment.ok("GET", "/quota")["used"]["instances"] == 0


def test_a_wrong_password_parks_the_task_until_it_is_repaired(
    experiment, truth, spoil_clouds_yaml, restart
):
    spoil_clouds_yaml(password="wrong")
    restart()
    assert_is_parked_until(
        spoil_clouds_yaml, experiment, truth, "OpenStack refuses this site's credentials"
    )


def test_an_unreachable_cloud_parks_the_task_until_it_is_back(
    experiment, truth, spoil_clouds_yaml, restart
):
    # Bound but not listening: every connection is refused, and nobody else gets the port.
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        spoil_clouds_yaml(auth_url=f"http://127.0.0.1:{closed.getsockname()[1]}/v3")
        restart()
        assert_is_parked_until(
            spoil_clouds_yaml, experiment, truth, "OpenStack cannot be reached or is failing"
        )


def assert_is_parked_until(repair, experiment, truth, reason):
    body = experiment.accepted("patient", **SMALL)
    task = experiment.parked_task(body["task"]["id"])
    assert task["status"] in {"pending", "running"}
    assert reason in details(task)
    assert truth.leftovers() == []
    repair()
    assert experiment.closed_task(task["id"])["status"] == "finished"
    assert truth.server("patient").status == "ACTIVE"
