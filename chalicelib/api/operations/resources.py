"""The operations on resources."""

from __future__ import annotations

from chalicelib.api.operations.model import Operation, Security
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
    EventAnswer,
    GrantAnswer,
    ResourceAnswer,
    TaskStartedAnswer,
    WouldAcceptAnswer,
)
from chalicelib.api.schemas.resource_request import ExtendBody, ResourcesBody
from chalicelib.domain.errors import (
    AlreadyExists,
    BandwidthExceeded,
    CapacityExceeded,
    QuotaExceeded,
    RequestIdReused,
    RequestTooLarge,
    WrongStatus,
)
from chalicelib.domain.permissions import Permission

LIST_RESOURCES = Operation(
    name="list_resources",
    method="GET",
    path="/resources",
    tag="Resources",
    summary="List resources of an experiment, or one's own",
    query=ResourcesQuery,
    body=NoBody,
    answer=list[ResourceAnswer],
    permission=Permission.RESOURCES_READ,
    has_etag=True,
    other_media_types=("text/plain",),
)

REQUEST_RESOURCES = Operation(
    name="request_resources",
    method="POST",
    path="/resources",
    tag="Resources",
    summary="Ask for resources",
    query=RequestResourcesQuery,
    body=ResourcesBody,
    answer=AcceptedAnswer | WouldAcceptAnswer,
    permission=Permission.RESOURCES_WRITE,
    security=Security.TOKEN_AND_PROOF,
    errors=(
        AlreadyExists,
        BandwidthExceeded,
        CapacityExceeded,
        QuotaExceeded,
        RequestIdReused,
        RequestTooLarge,
    ),
)

SHOW_RESOURCE = Operation(
    name="show_resource",
    method="GET",
    path="/resources/{id}",
    tag="Resources",
    summary="Show a resource",
    query=ResourceQuery,
    body=NoBody,
    answer=ResourceAnswer,
    permission=Permission.RESOURCES_READ,
    has_etag=True,
    other_media_types=("text/plain",),
)

DELETE_RESOURCE = Operation(
    name="delete_resource",
    method="DELETE",
    path="/resources/{id}",
    tag="Resources",
    summary="Remove a resource; repeating it is harmless",
    query=NoQuery,
    body=NoBody,
    answer=TaskStartedAnswer,
    permission=Permission.RESOURCES_WRITE,
)

EXTEND_RESOURCE = Operation(
    name="extend_resource",
    method="POST",
    path="/resources/{id}/extend",
    tag="Resources",
    summary="Give a resource more time, and say what was granted",
    query=StrictQuery,
    body=ExtendBody,
    answer=GrantAnswer,
    permission=Permission.RESOURCES_WRITE,
    errors=(WrongStatus,),
)

RESET_RESOURCE = Operation(
    name="reset_resource",
    method="POST",
    path="/resources/{id}/reset",
    tag="Resources",
    summary="Reboot a resource",
    query=NoQuery,
    body=NoBody,
    answer=TaskStartedAnswer,
    permission=Permission.RESOURCES_WRITE,
    errors=(WrongStatus,),
)

OPEN_CONSOLE = Operation(
    name="open_console",
    method="GET",
    path="/resources/{id}/console",
    tag="Resources",
    summary="Get a fresh URL of the web console",
    query=NoQuery,
    body=NoBody,
    answer=ConsoleAnswer,
    permission=Permission.RESOURCES_WRITE,
    errors=(WrongStatus,),
)

LIST_EVENTS = Operation(
    name="list_events",
    method="GET",
    path="/resources/{id}/events",
    tag="Resources",
    summary="Show the history of a resource, oldest first",
    query=NoQuery,
    body=NoBody,
    answer=list[EventAnswer],
    permission=Permission.RESOURCES_READ,
    has_etag=True,
)

OPERATIONS = (
    LIST_RESOURCES,
    REQUEST_RESOURCES,
    SHOW_RESOURCE,
    DELETE_RESOURCE,
    EXTEND_RESOURCE,
    RESET_RESOURCE,
    OPEN_CONSOLE,
    LIST_EVENTS,
)
