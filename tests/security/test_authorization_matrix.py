"""Roles times operations times own and foreign targets: what is allowed is written here."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.api.operations import OPERATIONS
from chalicelib.api.operations.model import Operation, Security
from tests.fakes.api import (
    EXPERIMENT,
    FLAVOR_ID,
    IMAGE_ID,
    OTHER_EXPERIMENT,
    OTHER_PROJECT,
    PROJECT,
    SISTER_EXPERIMENT,
    Api,
    link_body,
    request_body,
)
from tests.fakes.qkd import QKD_LINK, SITES

ROLES = ("experiment", "sister", "other-experiment", "alice", "alice-no-project", "bob",
         "project", "other-project", "admin")  # fmt: skip
EXPERIMENT_ROLES = {"experiment", "sister", "other-experiment"}
# Who sees an object of EXPERIMENT that alice owns.
SEES = {"experiment", "alice", "alice-no-project", "project", "admin"}
BODIES: dict[str, dict[str, Any]] = {
    "request_resources": request_body("matrix", tokens=None),
    "extend_resource": {"as_late_as_possible": True},
    "add_disk_image": {"friendly_name": "a", "location": "b", "default_username": "c"},
    "add_flavor": {"friendly_name": "a", "vcpus": 1, "ram_mib": 1, "disk_mb": 1},
}
PROTECTED = [op for op in OPERATIONS if op.security not in {Security.NONE, Security.PHONE_HOME}]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api(monkeypatch, require_user_proof=False, qkd_sites=SITES)
    api.offer_qkd()
    return api


EVERYBODY = frozenset(ROLES)
# Per operation: who gets 200, and what the others get (by role, or for all of them).
_READS = ({*SEES}, 404)
_CATALOG_WRITES = ({"admin"}, 403)
MATRIX: dict[str, tuple[set[str] | frozenset[str], int]] = {
    **dict.fromkeys(
        ("list_disk_images", "show_disk_image", "list_flavors", "show_flavor"), (EVERYBODY, 403)
    ),
    **dict.fromkeys(
        ("add_disk_image", "delete_disk_image", "add_flavor", "delete_flavor"), _CATALOG_WRITES
    ),
    **dict.fromkeys(
        (
            "list_resources",
            "list_tasks",
            "list_links",
            "list_infrastructures",
            "list_qkd_links",
            "show_qkd_link",
            "show_samples",
            "show_caller",
        ),
        (EVERYBODY, 403),
    ),
    **dict.fromkeys(("show_resource", "list_events", "show_task", "show_link"), _READS),
    "request_resources": (EXPERIMENT_ROLES, 403),
    **dict.fromkeys(
        ("delete_link", "delete_resource", "extend_resource", "reset_resource", "open_console"),
        ({"experiment"}, 403),
    ),
    "show_quota": ({"experiment", "sister", "alice", "project", "admin"}, 404),
}


def expected(operation: Operation[Any, Any], role: str) -> int:
    """Return the status that the role gets for an object of EXPERIMENT."""
    allowed, otherwise = MATRIX[operation.name]
    if role in allowed:
        return 200
    # A writer who meets a foreign object must not learn that it is there.
    is_foreign = allowed == {"experiment"} and role in EXPERIMENT_ROLES
    return 404 if is_foreign else otherwise


def target(api: Api, operation: Operation[Any, Any]) -> str:
    """Return the path of the operation on an object of EXPERIMENT that alice owns."""
    accepted = api.call("POST", "/resources", body=link_body()).json_body
    resource_id = accepted["resources"][0]["id"]
    api.bring_up(resource_id)
    ids = {
        "disk-images": IMAGE_ID,
        "flavors": FLAVOR_ID,
        "resources": resource_id,
        "tasks": accepted["task"]["id"],
        "links": accepted["links"][0]["id"],
        "qkd-links": QKD_LINK,
    }
    path = operation.path.replace("{id}", ids.get(operation.path.split("/")[1], ""))
    query = {"show_quota": f"?project={PROJECT}"}
    if operation.name in {"list_resources", "list_tasks", "list_links"}:
        return f"{path}?experiment_id={EXPERIMENT}"
    return path + query.get(operation.name, "")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", PROTECTED, ids=lambda operation: operation.name)
def test_matrix(api: Api, operation: Operation[Any, Any], role: str) -> None:
    path, before = target(api, operation), api.state()
    answer = api.call(operation.method, path, token=role, body=BODIES.get(operation.name))
    assert answer.status_code == expected(operation, role), answer.body
    if answer.status_code != 200:
        assert api.state() == before
        assert answer.json_body["code"] == ("forbidden" if answer.status_code == 403 else
                                            "not-found")  # fmt: skip


@pytest.mark.parametrize("operation", PROTECTED, ids=lambda operation: operation.name)
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "token-missing"),
        ({"Authorization": ""}, "token-missing"),
        ({"Authorization": "Basic YTpi"}, "token-missing"),
        ({"Authorization": "Bearer"}, "token-missing"),
        ({"Authorization": "Bearer a b"}, "token-missing"),
        ({"Authorization": "Bearer " + "x" * 20_000}, "token-missing"),
        ({"Authorization": "Bearer forged"}, "token-invalid"),
    ],
)
def test_without_a_good_token_nothing_works(
    api: Api, operation: Operation[Any, Any], headers: dict[str, str], code: str
) -> None:
    path, before = target(api, operation), api.state()
    answer = api.call(operation.method, path, token=None, headers=headers, body={})
    assert (answer.status_code, answer.json_body["code"]) == (401, code)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert api.state() == before


@pytest.mark.parametrize("role", ROLES)
def test_lists_show_what_is_visible_and_no_more(api: Api, role: str) -> None:
    for name in ("a", "b", "c"):
        api.request(name)
    for path in ("/resources", "/tasks"):
        answer = api.call("GET", f"{path}?experiment_id={EXPERIMENT}&limit=2", token=role)
        assert len(answer.json_body) == (2 if role in SEES else 0)
        assert ("Link" in answer.headers) is (role in SEES), "a link would tell that there is more"


def test_mine_shows_resources_of_all_experiments(api: Api) -> None:
    mine = {"tokens": [{"jwt": "alice"}]}
    for token, name in (("experiment", "a"), ("sister", "b")):
        answer = api.call("POST", "/resources", token=token, body=request_body(name, **mine))
        assert answer.status_code == 200
    listed = api.call("GET", "/resources?mine=true", token="alice").json_body
    assert {entry["experiment_id"] for entry in listed} == {EXPERIMENT, SISTER_EXPERIMENT}
    assert api.call("GET", "/resources?mine=true", token="bob").json_body == []
    assert api.call("GET", "/resources?mine=true").status_code == 422


@pytest.mark.parametrize("role", ROLES)
def test_all_resources_are_shown_to_administrators_only(api: Api, role: str) -> None:
    ids = [api.request("a")["id"]]
    answer = api.call("POST", "/resources", token="sister", body=request_body("b"))
    ids += [resource["id"] for resource in answer.json_body["resources"]]
    listed = api.call("GET", "/resources?all=true&limit=1", token=role)
    if role != "admin":
        assert (listed.status_code, listed.json_body["code"]) == (403, "forbidden")
        return
    path = listed.headers["Link"].split(">")[0][1:]
    rest = api.call("GET", path, token=role)
    assert "all=true" in path
    assert "Link" not in rest.headers
    shown = [*listed.json_body, *rest.json_body]
    assert [resource["id"] for resource in shown] == sorted(ids)
    assert {one["experiment_id"] for one in shown} == {EXPERIMENT, SISTER_EXPERIMENT}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (f"project={OTHER_PROJECT}", "project"),
        (f"experiment_id={OTHER_EXPERIMENT}", "experiment_id"),
        (f"project={PROJECT}&experiment_id={SISTER_EXPERIMENT}", "experiment_id"),
    ],
)
@pytest.mark.parametrize("dry_run", ["", "&dry_run=true"])
def test_a_request_for_another_scope_is_refused(
    api: Api, query: str, field: str, dry_run: str
) -> None:
    before = api.state()
    answer = api.call("POST", f"/resources?{query}{dry_run}", body=request_body())
    assert answer.status_code == 403
    assert answer.json_body["errors"][0]["field"] == field
    assert api.state() == before


def test_a_project_token_of_another_project_in_the_body_is_refused(api: Api) -> None:
    answer = api.call("POST", "/resources", body=request_body(tokens=[{"jwt": "bob"}]))
    assert answer.status_code == 403


@pytest.mark.parametrize("jwt", ["forged", "experiment", "project"])
def test_the_proof_must_be_a_user_token(api: Api, jwt: str) -> None:
    before = api.state()
    answer = api.call("POST", "/resources", body=request_body(tokens=[{"jwt": jwt}]))
    assert answer.status_code == 401
    assert answer.json_body["errors"][0]["field"] == "tokens[0].jwt"
    assert api.state() == before


def test_the_proof_is_required_where_the_site_says_so(api: Api) -> None:
    assert api.call("POST", "/resources", body=request_body(tokens=None)).status_code == 200
    api.settings = replace(api.settings, require_user_proof=True)
    answer = api.call("POST", "/resources", body=request_body("vm-b", tokens=None))
    assert answer.status_code == 422
    assert "slices auth id-token" in answer.json_body["detail"]


def test_a_proof_makes_no_writer_of_a_reader(api: Api) -> None:
    for role in ("alice", "project", "admin"):
        answer = api.call("POST", "/resources", token=role, body=request_body())
        assert answer.status_code == 403


def test_phone_home_takes_only_its_own_token(api: Api) -> None:
    body = {"resource_id": api.request()["id"], "ssh_host_keys": []}
    before = api.state()
    for token in (None, "experiment", "admin"):
        assert api.call("POST", "/phone-home", token=token, body=body).status_code == 401
    assert api.state() == before


@pytest.mark.parametrize("role", ["alice", "project", "admin"])
def test_a_readers_body_is_not_even_read(api: Api, role: str) -> None:
    answer = api.call("POST", "/resources", token=role, body=b"{")
    assert answer.status_code == 403
