"""The sweep: resume tasks, end what has expired, find what was lost, remove what nobody owns."""

from __future__ import annotations

import logging
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from chalicelib import metrics
from chalicelib.domain.errors import CloudError, Unavailable
from chalicelib.domain.resource_life import order_release
from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.domain.tasks import Task, begin_execution
from chalicelib.logs.events import log
from chalicelib.metrics import Metric
from chalicelib.services.acceptance import WORKFLOWS, execution_name, start
from chalicelib.services.backend import SYSTEM, Backend
from chalicelib.services.cloud_ports import Compute, ServerStatus
from chalicelib.services.orphans import remove_orphans
from chalicelib.services.release_resource import order

logger = logging.getLogger(__name__)

_EXPIRED = "Its time was up."
_LOST = (
    "The VM was deleted in OpenStack, not through this site. What belonged to it was removed; ask "
    "for a new one."
)
_NO_REASON = "The VM broke down; OpenStack gives no reason. Ask for a new one."


class ReconcileReport(Struct, frozen=True):
    """What a sweep did.

    `orphans_kept` counts those whose deletion the cloud refused; `cloud_error` says why the cloud's
    side was left out.
    """

    resumed_tasks: int = 0
    expired_resources: int = 0
    lost_resources: int = 0
    orphans_removed: int = 0
    orphans_kept: int = 0
    cloud_error: str | None = None


def reconcile(backend: Backend, compute: Compute) -> ReconcileReport:
    """Run one sweep. Safe at any time, also beside another one."""
    report = _sweep(backend, compute)
    backend.metrics.record(_counts(backend, report))
    return report


def _sweep(backend: Backend, compute: Compute) -> ReconcileReport:
    report = ReconcileReport(
        resumed_tasks=_resume_tasks(backend), expired_resources=_release_expired(backend)
    )
    try:
        report = replace(report, lost_resources=_fail_lost(backend, compute))
        removed, kept = remove_orphans(backend, compute)
    except CloudError as error:
        log(logger, logging.WARNING, "reconcile left the cloud out", reason=error.detail)
        return replace(report, cloud_error=error.detail)
    return replace(report, orphans_removed=removed, orphans_kept=kept)


def _counts(backend: Backend, report: ReconcileReport) -> dict[Metric, float]:
    """Return a sweep's metrics; of orphans only when the cloud could be asked."""
    counts: dict[Metric, float] = {
        metrics.TASKS_RESUMED: report.resumed_tasks,
        metrics.RESOURCES_EXPIRED: report.expired_resources,
        metrics.RESOURCES_LOST: report.lost_resources,
        metrics.CLOUD_UNREACHABLE: report.cloud_error is not None,
    }
    if report.cloud_error is None:
        counts[metrics.ORPHANS_FOUND] = report.orphans_removed + report.orphans_kept
        counts[metrics.ORPHANS_REMOVED] = report.orphans_removed
    catalog = backend.catalog.state(backend.settings.infra_id)
    if catalog is not None:
        age = backend.clock() - catalog.checked_at
        counts[metrics.CATALOG_AGE] = age.total_seconds()
    return counts


def _resume_tasks(backend: Backend) -> int:
    """Start the next execution of each open task that is due and has none running."""
    resumed = 0
    for task in backend.tasks.due(backend.clock()):
        try:
            resumed += _resume(backend, task)
        except Unavailable as error:
            log(logger, logging.WARNING, "task not resumed", task_id=task.id, reason=error.detail)
    return resumed


def _resume(backend: Backend, task: Task) -> bool:
    settings, now = backend.settings, backend.clock()
    if backend.workflows.is_running(WORKFLOWS[task.action], execution_name(task)):
        pause = settings.park if task.parked_since else settings.stall
        backend.tasks.change(
            task.id,
            lambda current: (
                current if current.is_closed else replace(current, watch_at=now + pause)
            ),
        )
        return False

    def begin(current: Task) -> Task:
        # Another sweep was faster, or the task ended: its count or status has moved on.
        if current.is_closed or current.executions != task.executions:
            return current
        return begin_execution(current, now, settings.stall)

    begun = backend.tasks.change(task.id, begin)
    if begun.is_closed:
        return False
    # What another sweep began is started under the same name, which starts it once.
    start(backend, begun)
    log(logger, logging.INFO, "task resumed", task_id=task.id)
    return True


def _release_expired(backend: Backend) -> int:
    """End the resources whose time is up.

    The resource is written first, unlike for a user's order: an extension that is granted while
    the sweep runs must not be followed by the end. A task that is missing, because a sweep died
    in between, is written by the next one.
    """
    expired = 0
    for listed in backend.resources.live():
        resource = listed
        if listed.release is None and listed.expires_at <= backend.clock():
            resource = backend.resources.change(
                listed.id, lambda current: _ended_by_time(current, backend.clock())
            )
            expired += resource.release is not None
        if resource.release is not None and resource.release.reason == _EXPIRED:
            order(backend, resource, SYSTEM, ResourceStatus.TERMINATED, _EXPIRED)
    return expired


def _ended_by_time(resource: Resource, now: datetime) -> Resource:
    """Return the resource with the order to go, unless it has more time or is going already."""
    if resource.expires_at > now or resource.release is not None or not resource.is_live:
        return resource
    return order_release(resource, at=now, actor=SYSTEM, reason=_EXPIRED)


def _fail_lost(backend: Backend, compute: Compute) -> int:
    """Fail the resources that are up without a server, or with one in ERROR."""
    servers = {server.id: server for server in compute.all_servers()}
    lost = 0
    for resource in backend.resources.live():
        # In other statuses its workflow watches the server.
        if resource.status is not ResourceStatus.UP or resource.release is not None:
            continue
        server = servers.get(resource.server_id or "")
        if server is not None and server.status is not ServerStatus.ERROR:
            continue
        reason = _loss(compute, resource)
        if reason is not None:
            order(backend, resource, SYSTEM, ResourceStatus.FAILED, reason)
            lost += 1
    return lost


def _loss(compute: Compute, resource: Resource) -> str | None:
    """Look again at one resource: the list may be older than the resource."""
    for server in compute.find_servers(resource.id):
        if server.id == resource.server_id and server.status is not ServerStatus.DELETING:
            is_broken = server.status is ServerStatus.ERROR
            return (server.fault or _NO_REASON) if is_broken else None
    return _LOST
