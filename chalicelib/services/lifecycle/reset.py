"""Reboot a VM and see it come back."""

from __future__ import annotations

from chalicelib.domain.errors import ReleaseRequested, ServerFailed, WrongStatus
from chalicelib.domain.resource_building import require_wanted
from chalicelib.domain.resource_life import begin_reset, end_reset
from chalicelib.domain.resources import Resource, note
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.services.backend import SYSTEM, Backend
from chalicelib.services.cloud_ports import Compute, ServerStatus
from chalicelib.services.lifecycle.leasing import existing, leased
from chalicelib.services.lifecycle.progress import StepInput, begin, done


def reboot_server(backend: Backend, compute: Compute, step: StepInput) -> None:
    """Ask for a hard reboot. Repeating it makes one longer reboot, so it needs no intent.

    Raises:
        ServerFailed: there is no server to reboot.
        WrongStatus: the resource is no longer up or resetting.
    """
    begin(backend, step, "reboot")
    task = backend.tasks.get(step.task_id)
    actor = str((task.intent or {}).get("actor", SYSTEM)) if task else SYSTEM
    with leased(backend, step.resource_id) as lessee:
        require_wanted(lessee.resource)
        now = backend.clock()
        resource = lessee.change(lambda current: begin_reset(current, at=now, actor=actor))
        compute.reboot_server(_server_id(resource))
    done(backend, step, "reboot")


def check_reboot(backend: Backend, compute: Compute, step: StepInput) -> dict[str, object]:
    """Look once whether the VM runs again: `ready`, or `waiting` and how long.

    Raises:
        ServerFailed: it is gone, or did not come back.
    """
    begin(backend, step, "ready")
    resource = existing(backend, step.resource_id)
    require_wanted(resource)
    servers = [s for s in compute.find_servers(resource.id) if s.id == resource.server_id]
    if not servers or servers[0].status in {ServerStatus.ERROR, ServerStatus.DELETING}:
        fault = servers[0].fault if servers else None
        raise ServerFailed(fault or "The VM no longer exists in OpenStack.")
    if servers[0].status is not ServerStatus.ACTIVE:
        return {"state": "waiting", "wait_seconds": backend.settings.poll_seconds}
    now = backend.clock()
    backend.resources.change(resource.id, lambda current: end_reset(current, at=now, actor=SYSTEM))
    done(backend, step, "ready")
    return {"state": "ready", "wait_seconds": 0}


def end_failed_reset(backend: Backend, step: StepInput, reason: str) -> None:
    """Put the resource back to up, with the reason in its history.

    Whether the VM really lives is the reconciler's business: it fails those that are lost.
    """
    now = backend.clock()

    def change(current: Resource) -> Resource:
        if current.status is not ResourceStatus.RESETTING:
            return current
        noted = note(current, at=now, actor=SYSTEM, what="reset failed", detail=reason)
        return end_reset(noted, at=now, actor=SYSTEM)

    backend.resources.change(step.resource_id, change)


def open_console(backend: Backend, compute: Compute, resource_id: str) -> str:
    """Return a fresh console URL of a resource's server.

    Raises:
        WrongStatus: it has none now.
        CloudError: the cloud gives none; says why.
    """
    resource = existing(backend, resource_id)
    try:
        require_wanted(resource)
        server_id = _server_id(resource)
    except (ReleaseRequested, ServerFailed) as error:
        raise WrongStatus(f"{resource.spec.friendly_name} has no console now.") from error
    return compute.console_url(server_id)


def _server_id(resource: Resource) -> str:
    if resource.server_id is None:
        raise ServerFailed("The resource has no VM.")
    return resource.server_id
