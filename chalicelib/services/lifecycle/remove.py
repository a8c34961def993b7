"""Remove a VM and all that belongs to it: "make sure that it is absent", repeated until it is."""

from __future__ import annotations

from chalicelib.domain.resource_life import close, order_release
from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.services.acceptance import free_claims
from chalicelib.services.backend import SYSTEM, Backend
from chalicelib.services.cloud_ports import Compute, ServerStatus
from chalicelib.services.lifecycle.leasing import existing, leased
from chalicelib.services.lifecycle.progress import StepInput, begin, done

_GONE: dict[str, object] = {"state": "gone", "wait_seconds": 0}


def record_failure(backend: Backend, step: StepInput, reason: str) -> None:
    """Keep why the build failed and order the removal; a user's own order stays as it is."""
    now = backend.clock()
    backend.resources.change(
        step.resource_id,
        lambda current: order_release(
            current, at=now, actor=SYSTEM, outcome=ResourceStatus.FAILED, reason=reason
        ),
    )


def remove_server(backend: Backend, compute: Compute, step: StepInput) -> dict[str, object]:
    """Ask for the deletion of every server of the resource; say whether Nova has none left.

    A server in ERROR after a delete gets another DELETE: the first one failed in the hypervisor.
    """
    begin(backend, step, "server gone")
    with leased(backend, step.resource_id) as lessee:
        servers = compute.find_servers(step.resource_id)
        for server in servers:
            if server.status is not ServerStatus.DELETING:
                compute.delete_server(server.id)
        if servers or _may_still_appear(backend, lessee.resource):
            return {"state": "removing", "wait_seconds": backend.settings.poll_seconds}
    done(backend, step, "server gone")
    return _GONE


def _may_still_appear(backend: Backend, resource: Resource) -> bool:
    """Say whether a create call whose answer was lost may yet bring a server."""
    intent = resource.create_intent
    if intent is None or intent.settled:
        return False
    return backend.clock() < intent.sent_at + backend.settings.lease


def remove_network(backend: Backend, compute: Compute, step: StepInput) -> dict[str, object]:
    """Delete the resource's public addresses and ports; say whether Neutron has none left."""
    begin(backend, step, "network gone")
    with leased(backend, step.resource_id):
        floating_ips = compute.find_floating_ips(step.resource_id)
        for floating_ip in floating_ips:
            compute.delete_floating_ip(floating_ip.id)
        ports = compute.find_ports(step.resource_id)
        for port in ports:
            compute.delete_port(port.id)
        if floating_ips or ports:
            return {"state": "removing", "wait_seconds": backend.settings.poll_seconds}
    done(backend, step, "network gone")
    return _GONE


def close_resource(backend: Backend, step: StepInput) -> None:
    """Free what the resource held and give it its end status."""
    begin(backend, step, "closed")
    free_claims(backend, existing(backend, step.resource_id))
    now = backend.clock()
    backend.resources.change(step.resource_id, lambda current: close(current, at=now, actor=SYSTEM))
    done(backend, step, "closed")
