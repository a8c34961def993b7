"""What goes wrong, over HTTP on the whole stack: nothing is left, and the reason is said."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

from chalicelib import bootstrap
from chalicelib.domain.errors import CloudCredentialsRefused
from infra.local.simulator.faults import Effect, Fault
from tests.integration.stack.client import wait_until


def test_delete_during_create_wins(experiment, simulator):
    body = experiment.accepted("doomed")
    vm_id = body["resources"][0]["id"]
    wait_until(lambda: simulator.snapshot().servers, "the server")
    assert experiment.delete(vm_id)["status"] == "finished"
    assert experiment.resource(vm_id)["status"] == "terminated"
    created = experiment.closed_task(body["task"]["id"])
    assert created["status"] == "failed"
    assert "deleted before" in created["failure_reason"]
    assert not any(simulator.snapshot())


def test_deleting_twice_returns_the_same_task(experiment):
    (vm,) = experiment.up("vm")
    path = f"/resources/{vm['id']}"
    first, second = (experiment.ok("DELETE", path)["task"]["id"] for _ in range(2))
    assert first == second
    assert experiment.closed_task(first)["status"] == "finished"
    assert experiment.ok("DELETE", path)["task"]["id"] == first


def test_an_outage_parks_the_task_and_it_resumes(experiment, simulator):
    outage = simulator.faults.add(Fault(Effect.OUTAGE))
    body = experiment.accepted("patient")
    task_id = body["task"]["id"]
    assert experiment.parked_task(task_id)["status"] in {"pending", "running"}
    simulator.faults.remove(outage)
    assert experiment.closed_task(task_id)["status"] == "finished"
    assert len(simulator.snapshot().servers) == 1


def test_a_lost_answer_makes_no_second_server(experiment, simulator):
    simulator.faults.add(Fault(Effect.DROP_AFTER, method="POST", path="/servers$"))
    (vm,) = experiment.up("once")
    assert vm["status"] == "up"
    posts = [r for r in simulator.requests if (r.method, r.path[-8:]) == ("POST", "/servers")]
    assert len(simulator.snapshot().servers) == 1
    assert posts


def test_a_vm_deleted_behind_our_back_fails_with_a_reason(experiment, simulator):
    (vm,) = experiment.up("lost")
    server_id = simulator.snapshot().servers[0]["id"]
    bootstrap.compute().delete_server(server_id)
    failed = experiment.with_status(vm["id"], "failed")
    assert "deleted in OpenStack" in failed["failure_reason"]
    assert not any(simulator.snapshot())


def test_a_spawn_error_fails_with_its_reason_and_leaves_nothing(experiment, simulator):
    simulator.faults.add(Fault(Effect.SPAWN_ERROR, message="disk is full", times=1))
    body = experiment.accepted("unlucky")
    task = experiment.closed_task(body["task"]["id"])
    assert task["status"] == "failed"
    failed = experiment.resource(body["resources"][0]["id"])
    assert failed["status"] == "failed"
    assert failed["failure_reason"]
    assert failed["failure_reason"] in task["failure_reason"]
    assert not any(simulator.snapshot())
    assert experiment.ok("GET", "/quota")["used"]["instances"] == 0


def test_no_valid_host_is_said_in_words(experiment):
    body = experiment.accepted("giant", flavor_id="m1.nano", disk_image_id="cirros-like")
    experiment.closed_task(body["task"]["id"])
    refused = experiment.request("giant2", flavor_id="m1.impossible")
    if refused.status == 200:  # a site whose limits admit it finds no host
        task = experiment.closed_task(refused.body["task"]["id"])
        assert task["status"] == "failed"
        assert "host" in task["failure_reason"].lower()
    else:
        assert refused.status in {403, 422}


def test_one_failing_vm_does_not_end_its_sibling(experiment, simulator):
    simulator.faults.add(Fault(Effect.SPAWN_ERROR, message="no luck", times=1))
    body = experiment.accepted("one", "two")
    assert experiment.closed_task(body["task"]["id"])["status"] == "failed"
    statuses = sorted(experiment.resource(r["id"])["status"] for r in body["resources"])
    assert statuses == ["failed", "up"]
    assert len(simulator.snapshot().servers) == 1


def test_100_equal_requests_make_one_vm(experiment, simulator):
    request_id = str(uuid.uuid4())
    expires_at = experiment.resource_end()

    def ask(_number):
        return experiment.request("single", request_id=request_id, expires_at=expires_at)

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(ask, range(100)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert experiment.closed_task(answers[0].body["task"]["id"])["status"] == "finished"
    assert len(simulator.snapshot().servers) == 1
    other = experiment.request("other", request_id=request_id, expires_at=expires_at)
    assert other.status == 422
    assert other.body["code"] == "request-id-reused"


def test_more_than_the_quota_is_refused_and_costs_nothing(experiment):
    accepted = experiment.accepted("a", "b", "c", "d", disk_image_id="cirros-like")
    refused = experiment.request("e", "f", "g", disk_image_id="cirros-like")
    assert (refused.status, refused.body["code"]) == (403, "quota-exceeded")
    assert len(experiment.listed()) == 4
    assert experiment.ok("GET", "/quota")["used"]["instances"] == 4
    assert experiment.closed_task(accepted["task"]["id"])["status"] == "finished"


def test_more_than_anyone_gets_is_refused(experiment):
    refused = experiment.request(*[f"vm{number}" for number in range(7)])
    assert (refused.status, refused.body["code"]) == (422, "capacity-exceeded")
    assert experiment.listed() == []


def test_parallel_requests_never_exceed_the_quota(experiment):
    def ask(number):
        return experiment.request(f"race{number}", disk_image_id="cirros-like")

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(12)))
    assert sorted(answer.status for answer in answers) == [200] * 6 + [403] * 6


def test_foreign_experiments_see_and_change_nothing(new_experiment):
    mine, other = new_experiment(), new_experiment()
    (vm,) = mine.up("mine", disk_image_id="cirros-like")
    for method in ("GET", "DELETE"):
        assert other.call(method, f"/resources/{vm['id']}").status == 404
    assert other.listed() == []


def test_a_resumed_task_leaves_the_vms_alone_that_are_up(experiment, functions):
    is_refused, calls = [True], []
    body = {}

    def interceptor(call, proceed):
        calls.append((call.name, call.event.get("resource_id")))
        is_second = body and call.event.get("resource_id") == body["resources"][1]["id"]
        if call.name == "check_server" and is_second and is_refused:
            raise CloudCredentialsRefused("The password is wrong.")
        return proceed()

    functions.interceptors.append(interceptor)
    body.update(experiment.accepted("first", "second", disk_image_id="cirros-like"))
    first, second = (resource["id"] for resource in body["resources"])
    experiment.with_status(first, "up")
    wait_until(lambda: calls.count(("check_server", second)) >= 2, "a second execution")
    calls.clear()
    wait_until(lambda: ("check_server", second) in calls, "a further execution")
    is_refused.clear()
    assert experiment.closed_task(body["task"]["id"])["status"] == "finished"
    assert first not in {resource_id for _name, resource_id in calls}
