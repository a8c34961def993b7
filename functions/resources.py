"""/resources: ask for VMs, look at them, change and remove them."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib import bootstrap
from chalicelib.api.calls import Call
from chalicelib.api.operations import resources as operations
from chalicelib.api.pagination import page_of
from chalicelib.api.present.forecast import would_accept_answer
from chalicelib.api.present.links import link_answer
from chalicelib.api.present.resources import ansible_inventory, event_answer, resource_answer
from chalicelib.api.present.tasks import task_answer
from chalicelib.api.replies import Reply
from chalicelib.api.resource_request import check_scope, resource_request, wanted_end
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.queries import (
    NoQuery,
    RequestResourcesQuery,
    ResourceQuery,
    ResourcesQuery,
    StrictQuery,
)
from chalicelib.api.schemas.resource_answer import (
    AcceptedAnswer,
    ConsoleAnswer,
    GrantAnswer,
    TaskStartedAnswer,
)
from chalicelib.api.schemas.resource_request import ExtendBody, ResourcesBody
from chalicelib.api.scope import experiment_to_list, identifier
from chalicelib.domain.ids import IdKind
from chalicelib.domain.resources import Resource
from chalicelib.services import views
from chalicelib.services.extend_resource import extend_resource
from chalicelib.services.open_console import open_console
from chalicelib.services.ports import Page
from chalicelib.services.release_resource import release_resource
from chalicelib.services.request_resources import request_resources, would_accept
from chalicelib.services.reset_resource import reset_resource
from chalicelib.services.site import forecast_quota
from functions.wiring import router

blueprint = Blueprint(__name__)
route = router(blueprint)


@route.bind(operations.LIST_RESOURCES)
def list_resources(call: Call[ResourcesQuery, NoBody]) -> Reply:
    """List resources of an experiment, the caller's own, or (administrators) all."""
    page = _page(call)
    shown = [r for r in page.items if call.query.project in {None, r.project_id}]
    settings = call.backend.settings
    if call.query.format == "ansible":
        text = ansible_inventory(shown, settings)
        return Reply(text, media_type="text/plain; charset=utf-8", next_cursor=page.cursor)
    return Reply([resource_answer(r, settings) for r in shown], next_cursor=page.cursor)


def _page(call: Call[ResourcesQuery, NoBody]) -> Page[Resource]:
    query, principal = call.query, call.principal
    if query.everyones:
        found = views.list_all_resources(call.backend, principal)
        return page_of(found, query.limit, query.cursor)
    if query.mine:
        return views.list_my_resources(call.backend, principal, query.limit, query.cursor)
    experiment_id = experiment_to_list(principal, query.experiment_id)
    return views.list_resources(call.backend, principal, experiment_id, query.limit, query.cursor)


@route.bind(operations.REQUEST_RESOURCES)
def request(call: Call[RequestResourcesQuery, ResourcesBody]) -> Reply:
    """Ask for VMs, or (dry run) whether they would be given."""
    backend, principal = call.backend, call.principal
    check_scope(call.query, principal)
    wanted = resource_request(
        call.body,
        call.raw_body,
        call.query,
        call.incoming.headers,
        call.warnings,
        backend.settings.infra_id,
    )
    if call.query.dry_run:
        checked = would_accept(backend, principal, wanted)
        return Reply(would_accept_answer(checked, forecast_quota(backend, principal)))
    accepted = request_resources(backend, principal, wanted)
    return Reply(
        AcceptedAnswer(
            task=task_answer(accepted.task),
            resources=[resource_answer(r, backend.settings) for r in accepted.resources],
            links=[link_answer(link) for link in accepted.links],
            warnings=list(accepted.warnings),
        )
    )


@route.bind(operations.SHOW_RESOURCE)
def show_resource(call: Call[ResourceQuery, NoBody]) -> Reply:
    """Show a resource."""
    resource = views.get_resource(call.backend, call.principal, _id(call))
    settings = call.backend.settings
    if call.query.format == "ansible":
        text = ansible_inventory([resource], settings)
        return Reply(text, media_type="text/plain; charset=utf-8")
    return Reply(resource_answer(resource, settings))


@route.bind(operations.DELETE_RESOURCE)
def delete_resource(call: Call[NoQuery, NoBody]) -> Reply:
    """Remove a resource."""
    task = release_resource(call.backend, call.principal, _id(call))
    return Reply(TaskStartedAnswer(task=task_answer(task)))


@route.bind(operations.EXTEND_RESOURCE)
def extend(call: Call[StrictQuery, ExtendBody]) -> Reply:
    """Give a resource more time."""
    resource_id = _id(call)
    grant = extend_resource(call.backend, call.principal, resource_id, wanted_end(call.body))
    return Reply(
        GrantAnswer(
            id=resource_id,
            expires_at=grant.expires_at,
            limited_by=grant.limited_by,
            warnings=list(call.warnings),
        )
    )


@route.bind(operations.RESET_RESOURCE)
def reset(call: Call[NoQuery, NoBody]) -> Reply:
    """Reboot a resource."""
    task = reset_resource(call.backend, call.principal, _id(call))
    return Reply(TaskStartedAnswer(task=task_answer(task)))


@route.bind(operations.OPEN_CONSOLE)
def console(call: Call[NoQuery, NoBody]) -> Reply:
    """Open the web console."""
    opener = bootstrap.console_opener()
    return Reply(ConsoleAnswer(url=open_console(call.backend, opener, call.principal, _id(call))))


@route.bind(operations.LIST_EVENTS)
def events(call: Call[NoQuery, NoBody]) -> Reply:
    """Show the history of a resource."""
    resource = views.get_resource(call.backend, call.principal, _id(call))
    return Reply([event_answer(event) for event in resource.events])


def _id(
    call: Call[ResourceQuery, NoBody] | Call[NoQuery, NoBody] | Call[StrictQuery, ExtendBody],
) -> str:
    return identifier(call.path("id"), IdKind.RESOURCE, "resource")
