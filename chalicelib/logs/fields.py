"""What a log line may carry beside its message: these fields and no others.

Events, headers, bodies and exceptions of other people's libraries have no field, so they cannot be
logged. docs/reference/observability.md is generated from this table (make docs).
"""

from __future__ import annotations

from typing import Annotated, TypedDict


class Fields(TypedDict, total=False):
    """The fields of log lines and their meanings; None is left out."""

    request_id: Annotated[str | None, "The HTTP request; the answer's X-Request-Id."]
    gateway_request_id: Annotated[
        str | None, "API Gateway's own id, where the client chose request_id."
    ]
    invocation_id: Annotated[str | None, "Lambda's id of the invocation (aws_request_id)."]
    trace_id: Annotated[str | None, "X-Ray's trace (Root)."]
    run_id: Annotated[str | None, "One run of a schedule: the id of its EventBridge event."]
    task_id: Annotated[str | None, "The task that this belongs to."]
    resource_id: Annotated[str | None, "The resource."]
    link_id: Annotated[str | None, "The user's link."]
    qkd_link_id: Annotated[str | None, "The physical QKD link."]
    project_id: Annotated[str | None, "The caller's project."]
    experiment_id: Annotated[str | None, "The caller's experiment."]
    operation: Annotated[str | None, "`operationId` of the request in the OpenAPI document."]
    function: Annotated[str | None, "The workflow step or schedule that ran."]
    outcome: Annotated[
        str | None, "What came of it: `done`, a state such as `building`, or `failed`."
    ]
    method: Annotated[str | None, "HTTP method."]
    path: Annotated[str | None, "Path of a call to OpenStack or an agent, without the query."]
    status: Annotated[int | None, "HTTP status."]
    duration_ms: Annotated[float | None, "How long it took, in milliseconds."]
    agent: Annotated[str | None, "Name of the QKD agent."]
    openstack_request_id: Annotated[
        str | None, "The id under which OpenStack's logs hold the call."
    ]
    cloud_id: Annotated[str | None, "A server, port or floating IP in OpenStack."]
    error: Annotated[str | None, "Class of the error."]
    error_code: Annotated[str | None, "AWS's code of the error."]
    reason: Annotated[str | None, "Why, in this software's own words."]


NAMES = frozenset(Fields.__annotations__)
