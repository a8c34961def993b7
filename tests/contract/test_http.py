"""How the API behaves as HTTP: paths, content types, tags, pages, headers."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from tests.fakes.api import (
    Api,
    request_body,
)

LISTS = ["/disk-images", "/disk_images", "/flavors", "/resources", "/tasks", "/infrastructures"]


@pytest.mark.parametrize("path", [*LISTS, "/quota", "/health", "/openapi.json", "/docs"])
def test_a_trailing_slash_makes_no_difference(api: Api, path: str) -> None:
    plain, slashed = api.call("GET", path), api.call("GET", f"{path}/")
    assert plain.status_code == slashed.status_code == 200
    assert plain.body == slashed.body


def test_disk_images_have_an_alias(api: Api) -> None:
    entry = api.call("GET", "/disk_images").json_body[0]
    assert api.call("GET", f"/disk_images/{entry['id']}").json_body == entry


@pytest.mark.parametrize("content_type", ["text/html", "application/x-www-form-urlencoded", "*"])
def test_the_content_type_of_a_request_without_body_is_ignored(api: Api, content_type: str) -> None:
    answer = api.call("GET", "/flavors", headers={"Content-Type": content_type})
    assert answer.status_code == 200
    resource_id = api.request()["id"]
    answer = api.call("DELETE", f"/resources/{resource_id}", headers={"Content-Type": content_type})
    assert answer.status_code == 200


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON",
                                          "application/vnd.slices+json"])  # fmt: skip
def test_json_has_several_names(api: Api, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    answer = api.call("POST", "/resources", body=request_body(), headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("segment", ["a%20b", "a%2Fb", "%00", "%0a", "%ff", "%C3%A9", "x" * 999,
                                     "flavor_tld-city-bp1_01kz1p6m81e2t9pdqdw3bpvmqb"])  # fmt: skip
@pytest.mark.parametrize("path", ["/resources/{}", "/tasks/{}", "/disk-images/{}", "/problems/{}"])
def test_strange_path_segments_are_not_found(api: Api, path: str, segment: str) -> None:
    answer = api.call("GET", path.format(segment))
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert re.fullmatch(r"[!-~]+", answer.json_body["instance"])


def test_an_encoded_identifier_is_the_same(api: Api) -> None:
    resource_id = api.request()["id"]
    encoded = resource_id.replace("_", "%5F")
    assert api.call("GET", f"/resources/{encoded}").json_body["id"] == resource_id


@pytest.mark.parametrize("path", ["/disk-images", "/flavors", "/resources", "/infrastructures"])
def test_entity_tags(api: Api, path: str) -> None:
    api.request()
    first = api.call("GET", path)
    tag = first.headers["ETag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    for value in (tag, f'"other", W/{tag}', "*"):
        again = api.call("GET", path, headers={"If-None-Match": value})
        assert (again.status_code, again.body) == (304, b"")
        assert again.headers["ETag"] == tag
    assert api.call("GET", path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_tag_of_a_resource_changes_with_it(api: Api) -> None:
    path = f"/resources/{api.request()['id']}"
    tag = api.call("GET", path).headers["ETag"]
    api.bring_up(path.rsplit("/", maxsplit=1)[1])
    assert api.call("GET", path, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("path", ["/resources", "/tasks", "/flavors"])
def test_pages_hold_everything_once(api: Api, path: str) -> None:
    for number in range(5):
        api.request(f"vm-{number}")
        flavor = {"friendly_name": f"f{number}", "vcpus": 1, "ram_mib": 1, "disk_mb": 1}
        api.call("POST", "/flavors", token="admin", body=flavor)
    whole = [entry["id"] for entry in api.call("GET", path).json_body]
    found, link, pages = [], f"{path}?limit=2", 0
    while link:
        answer = api.call("GET", link)
        found += [entry["id"] for entry in answer.json_body]
        following = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("Link", ""))
        link = following.group(1) if following else ""
        pages += 1
    assert found == whole
    assert pages == -(-len(whole) // 2)


@pytest.mark.parametrize("path", ["/resources", "/tasks", "/flavors", "/disk-images"])
def test_a_foreign_cursor_is_refused(api: Api, path: str) -> None:
    answer = api.call("GET", f"{path}?cursor=abcde")
    assert answer.status_code == 422
    assert answer.json_body["errors"][0]["field"] == "cursor"


def test_request_ids_come_back_when_they_are_well_formed(api: Api) -> None:
    assert api.call("GET", "/flavors", headers={"X-Request-Id": "abc-1"}).headers[
        "X-Request-Id"
    ] == "abc-1"  # fmt: skip
    for bad in ("", "a b", "x" * 65, "a\r\nSet-Cookie: b"):
        given = api.call("GET", "/flavors", headers={"X-Request-Id": bad}).headers["X-Request-Id"]
        assert re.fullmatch(r"[0-9a-f-]{36}", given)


def test_every_answer_carries_the_safe_headers(api: Api) -> None:
    for method, path in (("GET", "/resources"), ("GET", "/resources/x"), ("PUT", "/flavors")):
        headers = api.call(method, path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Access-Control-Allow-Origin" not in headers


def test_other_origins_only_as_configured(api: Api) -> None:
    assert "Access-Control-Allow-Methods" not in api.call("OPTIONS", "/resources").headers
    api.settings = replace(api.settings, cors_origin="https://ui.example.org")
    preflight = api.call("OPTIONS", "/resources", token=None)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://ui.example.org"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    refused = api.call("GET", "/resources", token=None)
    assert refused.headers["Access-Control-Allow-Origin"] == "https://ui.example.org"
