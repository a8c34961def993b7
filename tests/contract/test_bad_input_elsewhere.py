"""Bad input on the routes other than POST /resources."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.refusals import refused
from tests.fakes.api import SSH_KEY, Api


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "cursor=%00", "cursor=!",
                                   "mine=perhaps", "format=xml", "limit=1&limit=2"])  # fmt: skip
def test_wrong_query_parameters_are_named(api: Api, query: str) -> None:
    answer = api.call("GET", f"/resources?{query}")
    assert answer.status_code == 422
    assert answer.json_body["errors"][0]["field"] == query.split("=", maxsplit=1)[0]


@pytest.mark.parametrize("wait", ["-1", "21", "nan", "inf", "x"])
def test_wrong_waits(api: Api, wait: str) -> None:
    answer = api.call("GET", f"/tasks/{api.request()['task_id']}?wait={wait}")
    assert answer.json_body["errors"][0]["field"] == "wait"


DISK_IMAGE = {"friendly_name": "a", "location": "b", "default_username": "c"}
FLAVOR = {"friendly_name": "a", "vcpus": 1, "ram_mib": 1, "disk_mb": 1}


@pytest.mark.parametrize(
    ("path", "good", "name", "value"),
    [
        *(("/disk-images", DISK_IMAGE, name, value) for name, value in (
            ("friendly_name", None), ("friendly_name", "a\nb"), ("friendly_name", "x" * 256),
            ("location", None), ("location", 5), ("location", ""), ("default_username", None),
            ("default_username", "a b"), ("default_username", "$(id)"), ("min_disk_mb", -1),
            ("min_disk_mb", "8000"), ("min_disk_mb", 1.5), ("min_disk_mb", True),
            ("min_ram_mib", 2**31), ("short_description", 5), ("long_description", "x" * 4001),
            ("tags", "a"), ("tags", ["a"] * 51), ("hidden", "no"),
            ("cluster_id", 5), ("tokens", 5),
        )),
        *(("/flavors", FLAVOR, name, value) for name, value in (
            ("friendly_name", None), ("description", 5), ("flavor_type", "boat"), ("vcpus", None),
            ("vcpus", 0), ("vcpus", 1025), ("ram_mib", None), ("ram_mib", -1), ("disk_mb", None),
            ("disk_mb", "1"), ("location", 5),
        )),
    ],
)  # fmt: skip
def test_every_field_of_the_catalog(
    api: Api, path: str, good: dict[str, Any], name: str, value: Any
) -> None:
    body = {**good, name: value}
    kept = {key: entry for key, entry in body.items() if entry is not None}
    refused(api, path, kept, 422, name, token="admin")


def test_the_good_catalog_bodies_are_good(api: Api) -> None:
    assert api.call("POST", "/flavors", token="admin", body=FLAVOR).status_code == 200
    assert api.call("POST", "/disk-images", token="admin", body=DISK_IMAGE).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"expires_at": None},
        {"expires_at": "2025-06-24"},
        {"expires_at": 7},
        {"as_late_as_possible": False},
        {"expires_at": "2025-06-25T08:20:00Z", "as_late_as_possible": True},
        {"expires_at": "2025-06-24T08:00:00Z"},
    ],
)
def test_extend(api: Api, body: dict[str, Any]) -> None:
    refused(api, f"/resources/{api.request()['id']}/extend", body, 422, "expires_at")


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("resource_id", None, "resource_id"),
        ("resource_id", 5, "resource_id"),
        ("ssh_host_keys", None, "ssh_host_keys"),
        ("ssh_host_keys", "key", "ssh_host_keys"),
        ("ssh_host_keys", ["a\nb"], "ssh_host_keys[0]"),
        ("ssh_host_keys", ["damaged"], "ssh_host_keys[0]"),
        ("ssh_host_keys", [SSH_KEY] * 21, "ssh_host_keys"),
    ],
)
def test_phone_home(api: Api, name: str, value: Any, field: str) -> None:
    body = {"resource_id": "r", "ssh_host_keys": [SSH_KEY], name: value}
    kept = {key: entry for key, entry in body.items() if entry is not None}
    refused(api, "/phone-home", kept, 422, field)
