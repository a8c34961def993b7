"""Resources and tasks as tests need them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from chalicelib.domain.resources import Placement, Resource, ResourceSpec, accepted
from chalicelib.domain.tasks import Task, TaskAction, plan
from tests.fakes.world import EXPERIMENT, INFRA_ID, PROJECT, START, USER

NOW = START
LEASE = timedelta(seconds=60)


def resource(**changes: Any) -> Resource:
    """Return a new resource, with some fields changed."""
    new = Resource(
        id="r-1",
        infra_id=INFRA_ID,
        project_id=PROJECT,
        experiment_id=EXPERIMENT,
        owner_id=USER,
        task_id="task-1",
        spec=ResourceSpec("vm", "image", "flavor", ("public",)),
        placement=Placement("image", "flavor", ("net",), "ubuntu", True, 1, 1024),
        created_at=NOW,
        expires_at=NOW + timedelta(days=7),
    )
    return replace(accepted(new, USER), **changes)


def task(action: TaskAction = TaskAction.CREATE, **changes: Any) -> Task:
    """Return a pending task for one resource, with some fields changed."""
    new = Task(
        id="task-1",
        action=action,
        infra_id=INFRA_ID,
        project_id=PROJECT,
        experiment_id=EXPERIMENT,
        owner_id=USER,
        resource_ids=("r-1",),
        steps=plan(action, (("r-1", "vm"),)),
        created_at=NOW,
        updated_at=NOW,
        executions=1,
        watch_at=NOW + timedelta(minutes=5),
        secret_input={"user_data": {"r-1": "#!/bin/sh"}, "ssh_authorized_keys": ["key"]},
    )
    return replace(new, **changes)
