"""The statuses of resources, tasks and links, and every step between them that is allowed.

docs/reference/statuses.md is generated from these tables (make docs).
"""

from __future__ import annotations

from enum import StrEnum


class ResourceStatus(StrEnum):
    """Where a resource stands in its life."""

    REQUESTED = "requested"
    IMAGING = "imaging"
    BOOTING = "booting"
    INITIALIZING = "initializing"
    UP = "up"
    RESETTING = "resetting"
    TERMINATING = "terminating"
    TERMINATED = "terminated"
    FAILED = "failed"


class TaskStatus(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class LinkStatus(StrEnum):
    """Where a QKD link stands in its life."""

    REQUESTED = "requested"
    RESERVED = "reserved"
    ACTIVE = "active"
    DEGRADED = "degraded"
    RELEASING = "releasing"
    RELEASED = "released"
    FAILED = "failed"


_R = ResourceStatus
_L = LinkStatus

# A build that fails is removed first: `failed` means that nothing is left in the cloud.
NEXT_STATUSES: dict[ResourceStatus, frozenset[ResourceStatus]] = {
    _R.REQUESTED: frozenset({_R.IMAGING, _R.TERMINATING}),
    _R.IMAGING: frozenset({_R.BOOTING, _R.INITIALIZING, _R.TERMINATING}),
    _R.BOOTING: frozenset({_R.INITIALIZING, _R.TERMINATING}),
    _R.INITIALIZING: frozenset({_R.UP, _R.TERMINATING}),
    _R.UP: frozenset({_R.RESETTING, _R.TERMINATING}),
    _R.RESETTING: frozenset({_R.UP, _R.TERMINATING}),
    _R.TERMINATING: frozenset({_R.TERMINATED, _R.FAILED}),
    _R.FAILED: frozenset({_R.TERMINATING}),
    _R.TERMINATED: frozenset(),
}

STATUS_MEANINGS: dict[ResourceStatus, str] = {
    _R.REQUESTED: "Accepted; nothing has been made yet.",
    _R.IMAGING: "OpenStack is choosing a host and fetching the disk image.",
    _R.BOOTING: "The VM is being started.",
    _R.INITIALIZING: "The VM runs; cloud-init is at work.",
    _R.UP: "Ready: cloud-init has phoned home, or the image is tagged as without cloud-init.",
    _R.RESETTING: "The VM is being rebooted.",
    _R.TERMINATING: "The VM and all that belongs to it are being removed.",
    _R.TERMINATED: "Gone without a trace; kept as a record only.",
    _R.FAILED: "Could not be built, or was lost; `failure_reason` says why and what to do.",
}

TASK_NEXT_STATUSES: dict[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.PENDING: frozenset({TaskStatus.RUNNING, TaskStatus.FINISHED, TaskStatus.FAILED}),
    TaskStatus.RUNNING: frozenset({TaskStatus.FINISHED, TaskStatus.FAILED}),
    TaskStatus.FINISHED: frozenset(),
    TaskStatus.FAILED: frozenset(),
}

LINK_NEXT_STATUSES: dict[LinkStatus, frozenset[LinkStatus]] = {
    _L.REQUESTED: frozenset({_L.RESERVED, _L.RELEASING}),
    _L.RESERVED: frozenset({_L.ACTIVE, _L.RELEASING}),
    _L.ACTIVE: frozenset({_L.DEGRADED, _L.RELEASING}),
    _L.DEGRADED: frozenset({_L.ACTIVE, _L.RELEASING}),
    _L.RELEASING: frozenset({_L.RELEASED, _L.FAILED}),
    _L.RELEASED: frozenset(),
    _L.FAILED: frozenset(),
}

LINK_STATUS_MEANINGS: dict[LinkStatus, str] = {
    _L.REQUESTED: "Accepted; its bandwidth is booked.",
    _L.RESERVED: "The agents of both sites hold a reservation; the VMs are to enrol.",
    _L.ACTIVE: "Both VMs have their certificates: they can fetch keys.",
    _L.DEGRADED: "As active, but the QKD link has a major alarm: keys may be late or missing.",
    _L.RELEASING: "To go, as soon as both agents have done so; `waiting_reason` says what for.",
    _L.RELEASED: "Ended as asked: reservation and certificates are gone.",
    _L.FAILED: "Could not be had, or was lost with a VM; `failure_reason` says why.",
}

# Where a VM exists in OpenStack, or may.
LIVE_STATUSES = frozenset(set(ResourceStatus) - {_R.TERMINATED, _R.FAILED})
BUILDING_STATUSES = frozenset({_R.REQUESTED, _R.IMAGING, _R.BOOTING, _R.INITIALIZING})
LIVE_LINK_STATUSES = frozenset(set(LinkStatus) - {_L.RELEASED, _L.FAILED})
CLOSED_TASK_STATUSES = frozenset({TaskStatus.FINISHED, TaskStatus.FAILED})
