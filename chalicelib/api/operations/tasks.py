"""The operations on tasks."""

from __future__ import annotations

from chalicelib.api.operations.model import Operation
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.queries import TaskQuery, TasksQuery
from chalicelib.api.schemas.task_answer import TaskAnswer
from chalicelib.domain.permissions import Permission

LIST_TASKS = Operation(
    name="list_tasks",
    method="GET",
    path="/tasks",
    tag="Tasks",
    summary="List tasks of an experiment, newest first",
    query=TasksQuery,
    body=NoBody,
    answer=list[TaskAnswer],
    permission=Permission.RESOURCES_READ,
)

SHOW_TASK = Operation(
    name="show_task",
    method="GET",
    path="/tasks/{id}",
    tag="Tasks",
    summary="Show a task, now or when it has changed",
    query=TaskQuery,
    body=NoBody,
    answer=TaskAnswer,
    permission=Permission.RESOURCES_READ,
)

OPERATIONS = (
    LIST_TASKS,
    SHOW_TASK,
)
