"""What SLICES clients send literally, and what they decode answers into."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from tests.fakes.api import EXPERIMENT, FLAVOR_ID, IMAGE_ID, PROJECT, SSH_KEY, Api, request_body

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
DISK_IMAGE = {
    "friendly_name": "Ubuntu Server 20.04", "cluster_id": "default",
    "location": "ubuntu-server-20.04", "default_username": "ubuntu", "min_disk_mb": 8000,
    "min_ram_mib": 512, "short_description": "OpenStack",
    "long_description": "OpenStack image ID: <id>", "tags": [], "hidden": False,
}  # fmt: skip
FLAVOR = {
    "friendly_name": "Flavor-4", "description": "Openstack Flavor4 : ID : <id>",
    "flavor_type": "vm", "ram_mib": 2048, "vcpus": 2, "disk_mb": 8000,
}  # fmt: skip


class JumpProxy(msgspec.Struct):
    host: str
    port: int
    username: str


class SSHLogin(msgspec.Struct):
    host: str
    port: int
    username: str
    jump_proxy: JumpProxy | None


class NetworkInterface(msgspec.Struct):
    port_id: str
    network_id: str
    addresses: list[str]


class Resource(msgspec.Struct):
    """The fields that the CLI shows, every one of them required."""

    id: str
    friendly_name: str
    status: str
    site_id: str
    public_ipv4: str | None
    private_ipv4: str | None
    public_ipv6: str | None
    private_ipv6: str | None
    network_interfaces: list[NetworkInterface]
    ssh_logins: list[SSHLogin]
    console_url: str | None
    created_at: str
    expires_at: str
    terminated_at: str | None
    failure_reason: str | None


class Task(msgspec.Struct):
    id: str
    status: str
    completed: int


class Problem(msgspec.Struct):
    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[dict[str, str]]


def test_a_disk_image_is_added_as_the_blueprint_was_told(api: Api) -> None:
    answer = api.call("POST", "/disk-images", token="admin", body=DISK_IMAGE)
    assert answer.status_code == 200
    assert answer.json_body.items() >= DISK_IMAGE.items()
    listed = api.call("GET", "/disk-images").json_body
    assert answer.json_body in listed


def test_an_administrators_proof_in_the_body_counts_with_an_experiment_token(api: Api) -> None:
    refused = api.call("POST", "/disk-images", body=DISK_IMAGE)
    assert refused.status_code == 403
    body = {**DISK_IMAGE, "tokens": [{"jwt": "admin"}]}
    assert api.call("POST", "/disk-images", body=body).status_code == 200


def test_a_flavor_is_added_as_the_blueprint_was_told(api: Api) -> None:
    answer = api.call("POST", "/flavors", token="admin", body=FLAVOR)
    assert answer.status_code == 200
    assert answer.json_body.items() >= FLAVOR.items()
    shown = api.call("GET", f"/flavors/{answer.json_body['id']}", token="alice")
    assert shown.json_body == answer.json_body


def test_a_whole_number_may_have_a_fraction_of_zero(api: Api) -> None:
    answer = api.call("POST", "/flavors", token="admin", body={**FLAVOR, "vcpus": 2.0})
    assert answer.json_body["vcpus"] == 2


def test_the_literal_request_is_accepted_with_its_query(api: Api) -> None:
    body = {
        "expires_at": "2025-06-24T08:20:00Z",
        "resources": [
            {
                "friendly_name": "nginx-pod-test", "disk_image_id": IMAGE_ID,
                "flavor_id": FLAVOR_ID, "network_name": "default", "userdata": "",
            }
        ],
        "ssh_authorized_keys": [SSH_KEY],
        "tokens": [{"jwt": "alice"}],
    }  # fmt: skip
    query = f"project={PROJECT}&experiment_id={EXPERIMENT}&request_id=9f0c6c5e-uuid"
    answer = api.call("POST", f"/resources?{query}", body=body)
    assert answer.status_code == 200
    assert set(answer.json_body) == {"task", "resources", "links", "warnings"}
    assert answer.json_body["warnings"] == []
    resource = msgspec.convert(answer.json_body["resources"][0], Resource)
    assert resource.status == "requested"
    assert resource.friendly_name == "nginx-pod-test"
    task = msgspec.convert(answer.json_body["task"], Task)
    shown = api.call("GET", f"/tasks/{task.id}")
    assert msgspec.json.decode(shown.body, type=Task) == task


def test_list_and_show_decode_strictly(api: Api) -> None:
    resource_id = api.request()["id"]
    api.bring_up(resource_id)
    shown = api.call("GET", f"/resources/{resource_id}")
    one = msgspec.json.decode(shown.body, type=Resource)
    listed = api.call("GET", f"/resources?project={PROJECT}&experiment_id={EXPERIMENT}")
    assert msgspec.json.decode(listed.body, type=list[Resource]) == [one]
    assert re.fullmatch(TIME, one.created_at)
    assert one.expires_at == "2025-06-24T08:20:00Z"
    assert one.ssh_logins == [
        SSHLogin("192.0.2.148", 22, "ubuntu", JumpProxy("bastion2.slices-be.eu", 22, "proxy"))
    ]
    assert one.network_interfaces == [NetworkInterface("eth1", "lan-1", ["198.51.100.10/24"])]
    assert one.site_id == shown.json_body["infra_id"]


def test_every_field_of_the_contract_is_always_present(api: Api) -> None:
    resource = api.request()
    assert set(resource) == {
        "id", "friendly_name", "status", "infra_id", "site_id", "project_id", "experiment_id",
        "owner_id", "disk_image_id", "flavor_id", "private_ipv4", "private_ipv6", "public_ipv4",
        "public_ipv6", "network_interfaces", "ssh_logins", "ssh_host_key_fingerprints",
        "console_url", "created_at", "expires_at", "terminated_at", "failure_reason", "task_id",
        "links",
    }  # fmt: skip
    task = api.call("GET", f"/tasks/{resource['task_id']}").json_body
    assert set(task) == {
        "id", "action", "status", "completed", "steps", "resource_ids", "link_ids", "created_at",
        "updated_at", "finished_at", "parked_since", "next_try_at", "waiting_reason",
        "failure_reason",
    }  # fmt: skip


def test_a_problem_decodes_strictly_and_its_detail_is_text(api: Api) -> None:
    answer = api.call("GET", "/resources/unknown")
    problem = msgspec.json.decode(answer.body, type=Problem)
    assert (problem.status, problem.code) == (404, "not-found")


def test_ansible_lines(api: Api) -> None:
    resource_id = api.request()["id"]
    api.request("vm-b")
    api.bring_up(resource_id)
    listed = api.call("GET", "/resources?format=ansible")
    assert listed.headers["Content-Type"].startswith("text/plain")
    assert listed.body.decode() == (
        "vm-a ansible_ssh_port=22 ansible_ssh_host=192.0.2.148 ansible_ssh_user=ubuntu "
        "ansible_ssh_common_args='-J proxy@bastion2.slices-be.eu'\n"
        "# vm-b is requested: no login\n"
    )
    api.bring_up(resource_id, public_ipv4="203.0.113.9")
    shown = api.call("GET", f"/resources/{resource_id}?format=ansible")
    assert shown.body.decode() == (
        "vm-a ansible_ssh_port=22 ansible_ssh_host=203.0.113.9 ansible_ssh_user=ubuntu\n"
    )


@pytest.mark.parametrize(
    "spelling",
    [
        {"site_id": "tld-city-bp1"},
        {"infra_id": "tld-city-bp1"},
        {"disk_image_id": None, "disk_image": "Ubuntu 24.04"},
        {"flavor_id": None, "flavor": "small"},
        {"disk_image_id": "Ubuntu 24.04"},
        {"userdata": None, "cloudinit": "#cloud-config\n"},
        {"userdata": None, "user_data": "#cloud-config\n"},
        {"network_interfaces": [{"network_id": "lan-1"}]},
        {"network_interfaces": ['{"network_id": "lan-1", "port_id": null, "addresses": []}']},
        {"network_interfaces": None, "public_ipv4": None},
        {"public_ipv4": True},
    ],
)
def test_earlier_spellings_are_understood(api: Api, spelling: dict[str, Any]) -> None:
    resource = {**request_body()["resources"][0], **spelling}
    answer = api.call(
        "POST", "/resources?request_id=r", body=request_body(resources=[resource], links=[])
    )
    assert answer.status_code == 200, answer.body
    assert answer.json_body["warnings"] == []
    found = answer.json_body["resources"][0]
    assert (found["disk_image_id"], found["flavor_id"]) == (IMAGE_ID, FLAVOR_ID)


@pytest.mark.parametrize(
    ("spelling", "warning"),
    [
        (
            {"network_interfaces": [{"network_id": "lan-1", "addresses": ["198.51.100.10/24"]}]},
            "resources[0].network_interfaces[0].addresses: ignored",
        ),
        (
            {"network_interfaces": [{"network_id": "lan-1", "port_id": "eth1"}]},
            "resources[0].network_interfaces[0].port_id: ignored",
        ),
        ({"userdata_file": "user-data.yaml"}, "resources[0].userdata_file: ignored"),
        ({"disk_image": "Ubuntu 24.04"}, "resources[0].disk_image: ignored"),
        ({"foo": 1}, "resources[0].foo: unknown field, ignored"),
    ],
)
def test_what_has_no_effect_is_said(api: Api, spelling: dict[str, Any], warning: str) -> None:
    resource = {**request_body()["resources"][0], **spelling}
    answer = api.call("POST", "/resources?request_id=r", body=request_body(resources=[resource]))
    assert answer.status_code == 200, answer.body
    assert [text for text in answer.json_body["warnings"] if text.startswith(warning)]
