"""Objects to store, with fresh ids that grow with time."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from chalicelib.domain.catalog import DiskImage
from chalicelib.domain.ids import IdKind, make_id, uuid7
from chalicelib.domain.resources import Placement, Resource, ResourceSpec
from chalicelib.domain.tasks import Task, TaskAction, plan

INFRA = "be-gent1-bi-vm1"
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ResultT = TypeVar("ResultT")

_moments = itertools.count()


def new_id(kind: IdKind) -> str:
    moment = NOW + timedelta(milliseconds=next(_moments))
    return make_id(kind, INFRA, uuid7(moment, uuid.uuid4().int))


def make_resource(**changes: Any) -> Resource:
    values: dict[str, Any] = {
        "id": new_id(IdKind.RESOURCE),
        "infra_id": INFRA,
        "project_id": new_id(IdKind.PROJECT),
        "experiment_id": new_id(IdKind.EXPERIMENT),
        "owner_id": new_id(IdKind.USER),
        "task_id": new_id(IdKind.TASK),
        "spec": ResourceSpec("node1", "image_x", "flavor_x", ("public",)),
        "placement": Placement("img", "m1", ("net",), "ubuntu", True, 2, 2048),
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=1),
    }
    return Resource(**(values | changes))


def make_task(**changes: Any) -> Task:
    resource_id = new_id(IdKind.RESOURCE)
    values: dict[str, Any] = {
        "id": new_id(IdKind.TASK),
        "action": TaskAction.CREATE,
        "infra_id": INFRA,
        "project_id": new_id(IdKind.PROJECT),
        "experiment_id": new_id(IdKind.EXPERIMENT),
        "owner_id": None,
        "resource_ids": (resource_id,),
        "steps": plan(TaskAction.CREATE, ((resource_id, "node1"),)),
        "created_at": NOW,
        "updated_at": NOW,
        "intent": {"resources": [{"friendly_name": "nœud ☃"}], "links": []},
        "watch_at": NOW,
    }
    return Task(**(values | changes))


def make_disk_image(**changes: Any) -> DiskImage:
    values: dict[str, Any] = {
        "id": new_id(IdKind.DISK_IMAGE),
        "friendly_name": "Ubuntu 24.04",
        "created_at": NOW,
        "cluster_id": INFRA,
        "location": "ubuntu",
        "default_username": "ubuntu",
        "tags": ("no-cloud-init",),
    }
    return DiskImage(**(values | changes))


def in_threads(count: int, what: Callable[[int], ResultT]) -> list[ResultT]:
    """Call `what` with 0, 1, ... at the same time and return the results in this order."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(what, range(count)))
