"""/tasks: what has been set going, and how far it is."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.calls import Call
from chalicelib.api.operations.tasks import LIST_TASKS, SHOW_TASK
from chalicelib.api.present.tasks import task_answer
from chalicelib.api.replies import Reply
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.queries import TaskQuery, TasksQuery
from chalicelib.api.scope import experiment_to_list, identifier
from chalicelib.domain.ids import IdKind
from chalicelib.services import views
from functions.wiring import router

blueprint = Blueprint(__name__)
route = router(blueprint)


@route.bind(LIST_TASKS)
def list_tasks(call: Call[TasksQuery, NoBody]) -> Reply:
    """List tasks of an experiment, newest first."""
    query, principal = call.query, call.principal
    experiment_id = experiment_to_list(principal, query.experiment_id)
    page = views.list_tasks(call.backend, principal, experiment_id, query.limit, query.cursor)
    return Reply([task_answer(task) for task in page.items], next_cursor=page.cursor)


@route.bind(SHOW_TASK)
def show_task(call: Call[TaskQuery, NoBody]) -> Reply:
    """Show a task, now or when it has changed."""
    task_id = identifier(call.path("id"), IdKind.TASK, "task")
    task = views.wait_for_task(call.backend, call.principal, task_id, call.query.wait)
    return Reply(task_answer(task))
