"""Remove what carries our mark in the cloud and belongs to no live resource."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from chalicelib.domain.errors import CloudError
from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.logs.context import scope
from chalicelib.logs.events import log
from chalicelib.services.backend import Backend
from chalicelib.services.cloud_ports import Compute, FloatingIP, Port, Server, ServerStatus

logger = logging.getLogger(__name__)

Found = Server | Port | FloatingIP


def remove_orphans(backend: Backend, compute: Compute) -> tuple[int, int]:
    """Delete the orphans; return how many were deleted, and how many the cloud would not delete.

    Only what is older than `orphan_age`, and was an orphan in an earlier sweep too: a resource that
    is being written just now must not lose its server. One that cannot be deleted does not stop
    the others.

    Raises:
        CloudError: the cloud cannot be asked what it holds.
    """
    removed = kept = 0
    for found, delete in _everything(compute):
        if not _is_orphan(backend, found):
            continue
        with scope(cloud_id=found.id, resource_id=found.resource_id):
            is_gone = _remove(backend, found, delete)
        removed += is_gone
        kept += not is_gone
    return removed, kept


def _remove(backend: Backend, found: Found, delete: Callable[[str], None]) -> bool:
    log(logger, logging.WARNING, "removing an orphan")
    try:
        delete(found.id)
    except CloudError as error:
        log(logger, logging.WARNING, "an orphan stays", reason=error.detail)
        return False
    backend.claims.forget_orphan(found.id)
    return True


def _everything(compute: Compute) -> Iterator[tuple[Found, Callable[[str], None]]]:
    """Return all that is ours, in the order in which it can be deleted."""
    for server in compute.all_servers():
        if server.status is not ServerStatus.DELETING:
            yield server, compute.delete_server
    for floating_ip in compute.all_floating_ips():
        yield floating_ip, compute.delete_floating_ip
    for port in compute.all_ports():
        yield port, compute.delete_port


def _is_orphan(backend: Backend, found: Found) -> bool:
    now = backend.clock()
    if now - found.created_at < backend.settings.orphan_age:
        return False
    resource = backend.resources.get(found.resource_id) if found.resource_id else None
    if resource is not None and resource.is_live and not _is_surplus(resource, found):
        return False
    return backend.claims.first_seen_orphan(found.id, now) < now


def _is_surplus(resource: Resource, found: Found) -> bool:
    """Say whether a resource that is up has another server than this one."""
    if not isinstance(found, Server) or resource.status is not ResourceStatus.UP:
        return False
    return resource.server_id is not None and resource.server_id != found.id
