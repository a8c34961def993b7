"""Examples for the documentation: what SLICES clients send and get."""

from __future__ import annotations

from typing import Any

_INFRA = "be-gent1-bi-vm1"
_SUFFIX = "01kz1p6m81e2t9pdqdw3bpvmqb"
DISK_IMAGE_ID = f"image_{_INFRA}_{_SUFFIX}"
FLAVOR_ID = f"flavor_{_INFRA}_{_SUFFIX}"
RESOURCE_ID = f"r_{_INFRA}_{_SUFFIX}"
LINK_ID = f"link_{_INFRA}_{_SUFFIX}"
QKD_LINK_ID = "0a3f1c52-7d7e-5c0e-9b0a-3f6f5a3f9f10"
TASK_ID = f"task_{_INFRA}_00sqtwepw69hev0qxd08d2f3dk"

# By the parameter's name, or else by the path's first word.
PATH_EXAMPLES: dict[str, str] = {
    "disk-images": DISK_IMAGE_ID,
    "flavors": FLAVOR_ID,
    "resources": RESOURCE_ID,
    "tasks": TASK_ID,
    "links": LINK_ID,
    "qkd-links": QKD_LINK_ID,
    "problems": "quota-exceeded",
    "docs": "docs.js",
    "release": "0f1e2d3c4b5a6978",
    "directory": "app",
    "ui": "main.js",
}

BODY_EXAMPLES: dict[str, dict[str, Any]] = {
    "add_disk_image": {
        "friendly_name": "Ubuntu Server 20.04",
        "cluster_id": "default",
        "location": "ubuntu-server-20.04",
        "default_username": "ubuntu",
        "min_disk_mb": 8000,
        "min_ram_mib": 512,
        "short_description": "OpenStack",
        "long_description": "OpenStack image ID: 5b7a",
        "tags": [],
        "hidden": False,
    },
    "add_flavor": {
        "friendly_name": "Flavor-4",
        "description": "OpenStack Flavor4",
        "flavor_type": "vm",
        "ram_mib": 2048,
        "vcpus": 2,
        "disk_mb": 8000,
    },
    "request_resources": {
        "expires_at": "2026-08-02T18:51:00Z",
        "resources": [
            {
                "friendly_name": "vm-a",
                "disk_image_id": DISK_IMAGE_ID,
                "flavor_id": FLAVOR_ID,
                "network_name": "default",
                "userdata": "#cloud-config\npackages: [nginx]\n",
            }
        ],
        "ssh_authorized_keys": [
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me"
        ],
        "tokens": [{"jwt": "eyJhbGciOi...user-id-token"}],
    },
    "extend_resource": {"expires_at": "2026-08-09T18:51:00Z"},
    "phone_home": {
        "resource_id": RESOURCE_ID,
        "ssh_host_keys": [
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
        ],
    },
}

_TASK: dict[str, Any] = {
    "id": TASK_ID,
    "action": "create",
    "status": "finished",
    "completed": 100,
    "steps": [
        {
            "name": "vm-a: ready",
            "status": "finished",
            "started_at": "2026-08-02T16:52:10Z",
            "finished_at": "2026-08-02T16:53:02Z",
            "detail": None,
        }
    ],
    "resource_ids": [RESOURCE_ID],
    "link_ids": [],
    "created_at": "2026-08-02T16:51:33Z",
    "updated_at": "2026-08-02T16:53:02Z",
    "finished_at": "2026-08-02T16:53:02Z",
    "parked_since": None,
    "next_try_at": None,
    "waiting_reason": None,
    "failure_reason": None,
}

_RESOURCE: dict[str, Any] = {
    "id": RESOURCE_ID,
    "friendly_name": "vm-a",
    "status": "up",
    "infra_id": _INFRA,
    "site_id": _INFRA,
    "project_id": "proj_account.ilabt.imec.be_01kz1p6j9ker1bd1jr5epb5m41",
    "experiment_id": "exp_expauth.ilabt.imec.be_01kz1p6j9ker1bd1jr5epb5m41",
    "owner_id": "user_account.ilabt.imec.be_0ma4rks06s9kxahxrgjhg6y41b",
    "disk_image_id": DISK_IMAGE_ID,
    "flavor_id": FLAVOR_ID,
    "private_ipv4": "192.0.2.148",
    "private_ipv6": None,
    "public_ipv4": None,
    "public_ipv6": None,
    "network_interfaces": [
        {"port_id": "eth1", "network_id": "lan-1", "addresses": ["198.51.100.10/24"]}
    ],
    "ssh_logins": [
        {
            "host": "192.0.2.148",
            "port": 22,
            "username": "ubuntu",
            "jump_proxy": {"host": "bastion.example.org", "port": 22, "username": "proxy"},
        }
    ],
    "ssh_host_key_fingerprints": ["ssh-ed25519 SHA256:Ip2dNCDNtgyQEwrBwXkQTZGU2lvUTsXYqQtuJn4IPGM"],
    "console_url": f"https://bi.example.org/resources/{RESOURCE_ID}/console",
    "created_at": "2026-08-02T16:51:33Z",
    "expires_at": "2026-08-02T18:51:00Z",
    "terminated_at": None,
    "failure_reason": None,
    "task_id": TASK_ID,
    "links": [],
}

ANSWER_EXAMPLES: dict[str, Any] = {
    "list_resources": [_RESOURCE],
    "show_resource": _RESOURCE,
    "show_task": _TASK,
    "list_tasks": [_TASK],
}

PROBLEM_EXAMPLE: dict[str, Any] = {
    "type": "https://bi.example.org/problems/invalid-request",
    "title": "Invalid request",
    "status": 422,
    "detail": "resources[0].flavor_id: Field required.",
    "instance": "/resources",
    "code": "invalid-request",
    "errors": [{"field": "resources[0].flavor_id", "message": "Field required"}],
    "request_id": "3f2b0c1e-6a55-4b7e-9d0e-1f4c9a7d2b10",
}
