"""What users and VMs do with the API, from a request to its end."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.catalog import CatalogState, CloudLimits
from chalicelib.domain.resource_building import record_create_intent
from chalicelib.domain.resource_leases import take_lease
from chalicelib.domain.tasks import park
from chalicelib.services.phone_home import hash_of
from tests.fakes.api import (
    EXPERIMENT,
    INFRA_ID,
    NOW,
    OTHER_EXPERIMENT,
    PROJECT,
    SSH_KEY,
    Api,
    request_body,
)


def test_health_without_a_token(api: Api) -> None:
    answer = api.call("GET", "/health", token=None)
    assert (answer.status_code, answer.json_body["status"]) == (200, "degraded")
    api.catalog.put_state(CatalogState(INFRA_ID, NOW, None))
    assert api.call("GET", "/health", token=None).json_body["status"] == "ok"


def test_a_repeated_request_gets_the_same_answer_also_with_a_fresher_token(api: Api) -> None:
    first = api.call("POST", "/resources?request_id=r-1", body=request_body())
    fresher = request_body(tokens=[{"jwt": "alice-no-project"}], request_id="r-1")
    for path, headers in (("/resources", {}), ("/resources", {"Idempotency-Key": "r-1"})):
        again = api.call("POST", path, body=fresher, headers=headers)
        assert again.status_code == 200
        assert again.json_body == first.json_body
    assert len(api.resources.by_id) == len(api.engine.started) == 1
    other = api.call("POST", "/resources?request_id=r-1", body=request_body("vm-b"))
    assert (other.status_code, other.json_body["code"]) == (422, "request-id-reused")


def test_without_request_id_there_is_a_warning(api: Api) -> None:
    warnings = api.call("POST", "/resources", body=request_body()).json_body["warnings"]
    assert [text for text in warnings if text.startswith("request_id")]


def test_a_dry_run_resolves_and_writes_nothing(api: Api) -> None:
    before = api.state()
    answer = api.call("POST", "/resources?dry_run=true&request_id=r", body=request_body()).json_body
    assert answer["would_accept"] is True
    assert answer["resources"][0]["network_names"] == ["default"]
    assert answer["quota"]["after"]["instances"] == answer["quota"]["used"]["instances"] + 1
    assert answer["warnings"] == []
    assert api.state() == before


def test_a_taken_name_is_said_in_the_words_of_slices(api: Api) -> None:
    api.request()
    answer = api.call("POST", "/resources", body=request_body())
    assert answer.status_code == 409
    assert "already exists" in answer.json_body["detail"]


def test_a_life_by_http(api: Api) -> None:
    path = f"/resources/{api.request()['id']}"
    assert api.call("GET", f"{path}/console").status_code == 409
    assert api.call("POST", f"{path}/reset").status_code == 409
    api.bring_up(path.rsplit("/", maxsplit=1)[1])
    assert api.call("GET", f"{path}/console").json_body["url"].startswith("https://console")
    grant = api.call("POST", f"{path}/extend", body={"expires_at": "2099-01-01T00:00:00Z"})
    assert grant.json_body["limited_by"] == "site_max_duration"
    later = api.call("POST", f"{path}/extend", body={"as_late_as_possible": True})
    assert later.json_body["expires_at"] == grant.json_body["expires_at"]
    assert api.call("GET", path).json_body["expires_at"] == grant.json_body["expires_at"]
    assert api.call("POST", f"{path}/reset").json_body["task"]["action"] == "reset"
    events = api.call("GET", f"{path}/events").json_body
    assert [event["what"] for event in events] == ["requested", "extended", "reset"]
    first, second = api.call("DELETE", path), api.call("DELETE", path)
    assert first.json_body["task"] == second.json_body["task"]
    assert api.call("GET", path).json_body["status"] == "terminating"


def test_a_vm_phones_home_once(api: Api) -> None:
    resource_id = api.request()["id"]
    lease = api.settings.lease
    api.resources.change(
        resource_id,
        lambda current: record_create_intent(
            take_lease(current, "runner", NOW, lease), "runner", NOW, hash_of("once"), lease / 2
        ),
    )
    body = {"resource_id": resource_id, "ssh_host_keys": [SSH_KEY]}
    answer = api.call("POST", "/phone-home", token="once", body=body)
    assert answer.json_body == {"resource_id": resource_id}
    shown = api.call("GET", f"/resources/{resource_id}").json_body
    assert shown["ssh_host_key_fingerprints"][0].startswith("ssh-ed25519 SHA256:")
    assert api.call("POST", "/phone-home", token="once", body=body).status_code == 401


def test_quota_and_site(api: Api) -> None:
    api.catalog.put_state(CatalogState(INFRA_ID, NOW, CloudLimits(10, 1, -1, 2, 2048, 512)))
    api.request()
    quota = api.call("GET", f"/quota?project={PROJECT}", token="alice").json_body
    assert quota["used"] == {"instances": 1, "vcpus": 1, "ram_mib": 2048}
    assert quota["cloud"]["vcpus"] == -1
    site = api.call("GET", "/infrastructures", token="alice").json_body
    assert [entry["id"] for entry in site] == [INFRA_ID]
    assert {network["name"] for network in site[0]["networks"]} == {"default", "lan-1", "external"}
    assert datetime.fromisoformat(site[0]["catalog_checked_at"]) == NOW
    missing = api.call("GET", "/quota", token="alice-no-project")
    assert missing.json_body["errors"][0]["field"] == "project"


def test_lists_ask_for_an_experiment_when_the_token_names_none(api: Api) -> None:
    for path in ("/resources", "/tasks"):
        answer = api.call("GET", path, token="alice")
        assert answer.json_body["errors"][0]["field"] == "experiment_id"
        assert api.call("GET", f"{path}?experiment_id={EXPERIMENT}", token="alice").json_body == []
        assert api.call("GET", f"{path}?experiment_id={OTHER_EXPERIMENT}").json_body == []


def test_a_task_that_waits_says_so_in_fields_of_its_own(api: Api) -> None:
    task_id = api.request()["task_id"]
    shown = api.call("GET", f"/tasks/{task_id}").json_body
    assert {shown["parked_since"], shown["next_try_at"], shown["waiting_reason"]} == {None}

    api.tasks.change(task_id, lambda task: park(task, NOW, "Away.", timedelta(seconds=30)))

    shown = api.call("GET", f"/tasks/{task_id}").json_body
    assert (shown["status"], shown["parked_since"]) == ("pending", "2025-06-24T06:00:00Z")
    assert (shown["next_try_at"], shown["waiting_reason"]) == ("2025-06-24T06:00:30Z", "Away.")
    assert api.call("GET", "/tasks").json_body == [shown]
