"""/links: the QKD links of experiments."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.calls import Call
from chalicelib.api.operations.links import DELETE_LINK, LIST_LINKS, SHOW_LINK
from chalicelib.api.present.links import link_answer
from chalicelib.api.present.tasks import task_answer
from chalicelib.api.replies import Reply
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.queries import LinksQuery, NoQuery
from chalicelib.api.schemas.resource_answer import TaskStartedAnswer
from chalicelib.api.scope import experiment_to_list, identifier
from chalicelib.domain.ids import IdKind
from chalicelib.services import view_links
from chalicelib.services.release_link import release_link
from functions.wiring import router

blueprint = Blueprint(__name__)
route = router(blueprint)


@route.bind(LIST_LINKS)
def list_links(call: Call[LinksQuery, NoBody]) -> Reply:
    """List links of an experiment."""
    query, principal = call.query, call.principal
    experiment_id = experiment_to_list(principal, query.experiment_id)
    page = view_links.list_links(call.backend, principal, experiment_id, query.limit, query.cursor)
    return Reply([link_answer(link) for link in page.items], next_cursor=page.cursor)


@route.bind(SHOW_LINK)
def show_link(call: Call[NoQuery, NoBody]) -> Reply:
    """Show a link."""
    return Reply(link_answer(view_links.get_link(call.backend, call.principal, _id(call))))


@route.bind(DELETE_LINK)
def delete_link(call: Call[NoQuery, NoBody]) -> Reply:
    """Release a link."""
    task = release_link(call.backend, call.principal, _id(call))
    return Reply(TaskStartedAnswer(task=task_answer(task)))


def _id(call: Call[NoQuery, NoBody]) -> str:
    return identifier(call.path("id"), IdKind.LINK, "link")
