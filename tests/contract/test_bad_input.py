"""Whatever is wrong is refused as a problem that names the field, and nothing is written."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.domain.catalog import DiskImage
from chalicelib.domain.ids import IdKind
from tests.contract.refusals import refused
from tests.fakes.api import FLAVOR_ID, IMAGE_ID, SSH_KEY, Api, an_id, request_body, wanted

UNDECODABLE = [
    (b"\xff\xfe{}", "UTF-8"),
    (b"{", "line 1"),
    (b"[]", "object"),
    (b'"text"', "object"),
    (b"null", "object"),
    (b'{"a": 1, "a": 2}', "twice"),
    (b'{"a": NaN}', "NaN"),
    (b'{"a": -Infinity}', "Infinity"),
    (b'{"a": 1e999}', "too large"),
    (b'{"a": ' + b"1" * 5000 + b"}", "JSON"),
    (b'{"a": "\\ud800"}', "surrogate"),
    (b'{"\\udfff": 1}', "surrogate"),
    (b'{"a": ' * 30 + b"1" + b"}" * 30, "deep"),
    (b"[" * 100_000, "deep"),
]
WRITES = ["/resources", "/disk-images", "/flavors", "/resources/{id}/extend", "/phone-home"]


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(("raw", "word"), UNDECODABLE)
def test_what_is_no_json_object_is_a_400(api: Api, path: str, raw: bytes, word: str) -> None:
    token = "admin" if path in {"/disk-images", "/flavors"} else "experiment"
    path = path.replace("{id}", api.request()["id"])
    problem = refused(api, path, raw, 400, None, token=token)
    assert problem["code"] == "not-json"
    assert word in problem["detail"]


@pytest.mark.parametrize("path", WRITES)
def test_a_body_of_10_mb_is_a_413(api: Api, path: str) -> None:
    token = "admin" if path in {"/disk-images", "/flavors"} else "experiment"
    path = path.replace("{id}", api.request()["id"])
    raw = b'{"a": "' + b"x" * 10_000_000 + b'"}'
    assert refused(api, path, raw, 413, None, token=token)["code"] == "request-too-large"


def test_equal_names_are_found_fast_in_a_body_full_of_names(api: Api) -> None:
    names = [f'"{number}": 1' for number in range(60_000)]
    raw = ("{" + ", ".join([*names, names[-1]]) + "}").encode()
    assert "twice" in refused(api, "/resources", raw, 400, None)["detail"]


TOP_LEVEL = [
    ("expires_at", None, "expires_at"),
    ("expires_at", 5, "expires_at"),
    ("expires_at", "tomorrow", "expires_at"),
    ("expires_at", "2025-06-24T08:20:00", "expires_at"),
    ("expires_at", "2025-06-24", "expires_at"),
    ("expires_at", "2025-02-30T08:20:00Z", "expires_at"),
    ("expires_at", "0001-01-01T00:00:00+14:00", "expires_at"),
    ("expires_at", "9999-12-31T23:59:59-14:00", "expires_at"),
    ("expires_at", "2025-06-24T05:00:00Z", "expires_at"),
    ("expires_at", "2035-06-24T05:00:00Z", "expires_at"),
    ("resources", None, "resources"),
    ("resources", [], "resources"),
    ("resources", {}, "resources"),
    ("resources", ["vm"], "resources[0]"),
    ("resources", [None], "resources[0]"),
    ("resources", [wanted(f"vm-{n}") for n in range(1000)], "resources"),
    ("ssh_authorized_keys", "ssh-ed25519 AAAA", "ssh_authorized_keys"),
    ("ssh_authorized_keys", [5], "ssh_authorized_keys[0]"),
    ("ssh_authorized_keys", [SSH_KEY] * 51, "ssh_authorized_keys"),
    ("links", [{"type": "qkd"}], "links[0].friendly_name"),
    ("links", "none", "links"),
    ("tokens", None, "tokens"),
    ("tokens", [], "tokens"),
    ("tokens", "alice", "tokens"),
    ("tokens", [{}], "tokens[0].jwt"),
    ("tokens", [{"jwt": 5}], "tokens[0].jwt"),
    ("tokens", [{"jwt": "a b"}], "tokens[0].jwt"),
    ("tokens", [{"jwt": "x" * 20_000}], "tokens[0].jwt"),
    ("request_id", 7, "request_id"),
    ("request_id", "", "request_id"),
    ("request_id", "x" * 201, "request_id"),
    ("request_id", "a\nb", "request_id"),
]


@pytest.mark.parametrize(("name", "value", "field"), TOP_LEVEL)
def test_every_field_of_a_request(api: Api, name: str, value: Any, field: str) -> None:
    refused(api, "/resources", {**request_body(), name: value} if value is not None else
            request_body(**{name: None}), 422, field)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("friendly_name", None),
        ("friendly_name", 5),
        ("friendly_name", ""),
        ("friendly_name", "a b"),
        ("friendly_name", "-a"),
        ("friendly_name", "a\n"),
        ("friendly_name", "x" * 64),
        ("friendly_name", "\u00e9"),
        ("disk_image_id", None),
        ("disk_image_id", 5),
        ("disk_image_id", ""),
        ("disk_image_id", "x" * 256),
        ("disk_image_id", "\x00"),
        ("disk_image_id", "image_tld-city-bp1_unknown"),
        ("disk_image_id", FLAVOR_ID),
        ("flavor_id", None),
        ("flavor_id", []),
        ("flavor_id", IMAGE_ID),
        ("userdata", 5),
        ("userdata", "x" * 65_537),
        ("userdata", "\u00e9" * 40_000),
        ("network_name", {}),
        ("network_name", "unknown"),
        ("network_name", "external"),
        ("network_interfaces", "lan-1"),
        ("network_interfaces", [{"network_id": "lan-1"}] * 9),
        ("public_ipv4", "true"),
        ("public_ipv4", 1),
        ("infra_id", "be-gent1-bi-vm1"),
        ("site_id", "be-gent1-bi-vm1"),
        ("userdata_file", "user-data.yaml"),
        ("cloudinit_file", "user-data.yaml"),
    ],
)
def test_every_field_of_a_wanted_resource(api: Api, name: str, value: Any) -> None:
    resource = {**wanted(), "userdata": None, name: value}
    kept = {key: entry for key, entry in resource.items() if entry is not None}
    refused(api, "/resources", request_body(resources=[wanted("first"), kept]), 422,
            f"resources[1].{name}")  # fmt: skip


@pytest.mark.parametrize(
    ("interface", "field"),
    [
        ({}, ".network_id"),
        ({"network_id": 5}, ".network_id"),
        ({"network_id": "lan-1", "port_id": 5}, ".port_id"),
        ({"network_id": "lan-1", "addresses": "198.51.100.1"}, ".addresses"),
        ({"network_id": "lan-1", "addresses": [5]}, ".addresses[0]"),
        ("{", ""),
        ("[]", ""),
        (5, ""),
        ("[" * 9000, ""),
    ],
)
def test_every_field_of_an_interface(api: Api, interface: Any, field: str) -> None:
    body = request_body(resources=[wanted(network_interfaces=[interface])])
    refused(api, "/resources", body, 422, f"resources[0].network_interfaces[0]{field}")


def _key(kind: str, inner: str) -> str:
    data = len(inner).to_bytes(4, "big") + inner.encode() + b"\0" * 36
    return f"{kind} {base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("", "is not a public key"),
        ("hello", "is not a public key"),
        ("ssh-ed25519", "damaged"),
        ("ssh-ed25519 AAAA", "damaged"),
        ("ssh-ed25519 !!!!", "damaged"),
        (SSH_KEY[:30], "damaged"),
        (_key("ssh-ed25519", "ssh-rsa"), "damaged"),
        (_key("ssh-dss", "ssh-dss"), "is not a public key"),
        ('command="sh" ' + SSH_KEY, "is not a public key"),
        (SSH_KEY + "\n" + SSH_KEY, "line break"),
        (SSH_KEY + " \x00", "control character"),
        (SSH_KEY + "x" * 17_000, "longer"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nabc", "private key"),
    ],
)
def test_ssh_keys(api: Api, key: str, word: str) -> None:
    body = request_body(ssh_authorized_keys=[SSH_KEY, key])
    problem = refused(api, "/resources", body, 422, "ssh_authorized_keys[1]")
    assert word in problem["detail"]


def test_a_key_with_a_newline_at_its_end_is_fine(api: Api) -> None:
    rsa = _key("ssh-rsa", "ssh-rsa") + " me\n"
    answer = api.call("POST", "/resources", body=request_body(ssh_authorized_keys=[rsa]))
    assert answer.status_code == 200


def test_an_ambiguous_name_is_refused(api: Api) -> None:
    original = api.catalog.get(DiskImage, IMAGE_ID)
    assert original is not None
    api.catalog.put(replace(original, id=an_id(IdKind.DISK_IMAGE, "twin")))
    body = request_body(resources=[wanted(disk_image_id=original.friendly_name)])
    problem = refused(api, "/resources", body, 422, "resources[0].disk_image_id")
    assert IMAGE_ID in problem["detail"]


def test_all_wrong_fields_are_named_at_once(api: Api) -> None:
    body = request_body(resources=[{"friendly_name": "-"}, {**wanted("b"), "flavor_id": 5}])
    problem = refused(api, "/resources", body, 422, "resources[0].friendly_name")
    assert "resources[1].flavor_id" in [error["field"] for error in problem["errors"]]


def test_unknown_fields_are_refused_when_strict(api: Api) -> None:
    body = request_body(foo=1, resources=[{**wanted(), "bar": {"deep": 1}}])
    problem = refused(api, "/resources?strict=true", body, 422, "resources[0].bar")
    assert "foo" in [error["field"] for error in problem["errors"]]


@pytest.mark.parametrize(
    ("query", "body", "headers"),
    [
        ("?request_id=a", {"request_id": "b"}, {}),
        ("?request_id=a", {}, {"Idempotency-Key": "b"}),
        ("", {"request_id": "a"}, {"Idempotency-Key": "b"}),
    ],
)
def test_contradicting_request_ids(api: Api, query: str, body: Any, headers: Any) -> None:
    path = f"/resources{query}"
    refused(api, path, request_body(**body), 422, "request_id", headers=headers)


def test_a_form_is_not_a_body(api: Api) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    raw = json.dumps(request_body()).encode()
    problem = refused(api, "/resources", raw, 415, None, headers=headers)
    assert problem["code"] == "unsupported-media-type"


def test_problems_are_bounded(api: Api) -> None:
    body = request_body(resources=[{f"x{n}": 1 for n in range(100)}] * 400)
    problem = refused(api, "/resources?strict=true", body, 422, None)
    assert len(problem["errors"]) == 100
