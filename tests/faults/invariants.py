"""What must be true of a VM when everything has come to rest, whatever died on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chalicelib.domain.quota import Amount
from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.services.acceptance import amount_of
from infra.local.simulator import Snapshot
from tests.faults.life import NAME, Life

_NOT_WORDS = re.compile(r"Traceback|Lambda\.|States\.|Exception|internal error|\bNone\b")


def violations(
    life: Life, cloud: Snapshot, created_servers: list[str], expected: ResourceStatus
) -> list[str]:
    """Return what is wrong with a VM that should be in this status."""
    resource = life.stored.resources.get(life.resource_id or "")
    if resource is None:
        return ["the resource is lost"]
    return [
        *_wrong_record(life, resource, expected),
        *_wrong_claims(life, resource),
        *_wrong_cloud(resource, cloud),
        *([f"servers were created: {created_servers}"] if len(created_servers) > 1 else []),
    ]


def _wrong_record(life: Life, resource: Resource, expected: ResourceStatus) -> Iterator[str]:
    if resource.status is not expected:
        yield f"it is {resource.status}, not {expected}"
    reasons = [resource.failure_reason]
    for task in life.tasks:
        reasons.append(task.failure_reason)
        if not task.is_closed:
            yield f"the {task.action} task is {task.status}"
        elif task.secret_input is not None:
            yield f"the closed {task.action} task keeps its secrets"
    for reason in reasons:
        if reason is not None and _NOT_WORDS.search(reason):
            yield f"not in words: {reason}"
    if resource.status is ResourceStatus.FAILED and not resource.failure_reason:
        yield "it failed and does not say why"


def _wrong_claims(life: Life, resource: Resource) -> Iterator[str]:
    claims = life.stored.claims
    holder = claims.name_holder(resource.experiment_id, NAME)
    if holder != (resource.id if resource.is_live else None):
        yield f"its name is held by {holder}"
    used = claims.quota_used(resource.project_id)
    if used != (amount_of(resource) if resource.is_live else Amount()):
        yield f"its project uses {used}"


def _wrong_cloud(resource: Resource, cloud: Snapshot) -> Iterator[str]:
    servers = [s for s in cloud.servers if s["metadata"].get("resource_id") == resource.id]
    ports = _marked(cloud.ports, resource)
    floating_ips = _marked(cloud.floating_ips, resource)
    if not resource.is_live:
        for kind, left in (("servers", servers), ("ports", ports), ("floating IPs", floating_ips)):
            if left:
                yield f"{len(left)} {kind} are left"
        return
    if [server["id"] for server in servers] != [resource.server_id]:
        yield f"it has the servers {[s['id'] for s in servers]}, not {resource.server_id}"
    elif servers[0]["status"] != "ACTIVE":
        yield f"its server is {servers[0]['status']}"
    if {port["id"] for port in ports} != {nic.port_id for nic in resource.network_interfaces}:
        yield f"it has {len(ports)} ports"
    if len(ports) != len(resource.placement.network_refs):
        yield f"it has {len(ports)} ports for {len(resource.placement.network_refs)} networks"
    if any(port["device_id"] != resource.server_id for port in ports):
        yield "a port is not plugged in"
    addresses = [address["floating_ip_address"] for address in floating_ips]
    if addresses != ([resource.public_ipv4] if resource.spec.public_ipv4 else []):
        yield f"it has the public addresses {addresses}, not {resource.public_ipv4}"


def _marked(items: list[dict[str, Any]], resource: Resource) -> list[dict[str, Any]]:
    return [item for item in items if item["description"].endswith(f" {resource.id}")]
