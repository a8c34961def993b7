"""Binds operations to functions: every request goes through here."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.api.calls import Call, Wiring, prepare
from chalicelib.api.incoming import incoming, instance_of
from chalicelib.api.operations.model import BodyT, Operation, QueryT
from chalicelib.api.pagination import next_link
from chalicelib.api.problem import CONTENT_TYPE, as_problem, headers_of, internal_error, problem_of
from chalicelib.api.replies import Reply, entity_tag, finish, is_unchanged, text_of
from chalicelib.api.request_log import request_id
from chalicelib.config import ConfigurationError
from chalicelib.domain.errors import BIError
from chalicelib.logs.context import note

logger = logging.getLogger(__name__)

Headers = dict[str, str | list[str]]
Handler = Callable[[Call[QueryT, BodyT]], Reply]
_FIRST_ERROR_STATUS, _FIRST_SERVER_ERROR = 400, 500
_UNCHANGED = 304
# Our own answers carry it already; what does not was worded by the framework.
_REQUEST_ID = "X-Request-Id"


class Router:
    """Registers operations of one blueprint; their paths answer OPTIONS too."""

    def __init__(self, blueprint: Blueprint, wiring: Wiring) -> None:
        self._blueprint = blueprint
        self._wiring = wiring
        self._methods: defaultdict[str, list[str]] = defaultdict(list)

    def bind(
        self, operation: Operation[QueryT, BodyT]
    ) -> Callable[[Handler[QueryT, BodyT]], Handler[QueryT, BodyT]]:
        """Return a decorator that makes a function answer the operation."""

        def register(handler: Handler[QueryT, BodyT]) -> Handler[QueryT, BodyT]:
            def view(**path_parameters: str) -> Response:
                request = self._blueprint.current_request
                return _answer(operation, handler, self._wiring, request, path_parameters)

            for path in operation.paths:
                self._route(path, operation.method, operation.name, view)
            return handler

        return register

    def _route(self, path: str, method: str, name: str, view: Callable[..., Response]) -> None:
        known = self._methods[path]
        if not known:
            self._route_options(path)
        known.append(method)
        # No content types: Chalice would refuse bodiless requests for their Content-Type too.
        self._blueprint.route(path, methods=[method], name=name, content_types=[])(view)

    def _route_options(self, path: str) -> None:
        methods = self._methods[path]

        def options(**_: str) -> Response:
            note(operation="options")
            allow = ", ".join([*methods, "OPTIONS"])
            headers: Headers = {"Allow": allow}
            if _edge_settings(self._wiring)[1]:
                headers["Access-Control-Allow-Methods"] = allow
                headers["Access-Control-Allow-Headers"] = (
                    "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id"
                )
                headers["Access-Control-Max-Age"] = "600"
            return Response("", headers, 200)

        self._blueprint.route(path, methods=["OPTIONS"], name="options", content_types=[])(options)


def edge_middleware(wiring: Wiring) -> Callable[[Request, Callable[[Request], Response]], Response]:
    """Return the middleware: common headers, and problems for the framework's errors."""

    def middleware(request: Request, respond: Callable[[Request], Response]) -> Response:
        base_url, cors_origin = _edge_settings(wiring)
        response = respond(request)
        if response.status_code >= _FIRST_ERROR_STATUS and _REQUEST_ID not in response.headers:
            allow = str(response.headers.get("Allow", ""))
            response.body = as_problem(
                response.status_code,
                json.dumps(response.body),
                base_url=base_url,
                instance=instance_of(request),
                allow=allow,
                request_id=request_id(),
            )
            response.headers["Content-Type"] = CONTENT_TYPE
        return finish(response, request_id(), base_url, cors_origin)

    return middleware


def _answer(
    operation: Operation[QueryT, BodyT],
    handler: Handler[QueryT, BodyT],
    wiring: Wiring,
    request: Request,
    path_parameters: dict[str, str],
) -> Response:
    note(operation=operation.name)
    try:
        call = prepare(operation, incoming(request, path_parameters), wiring)
        if call.caller is not None:
            note(project_id=call.caller.project_id, experiment_id=call.caller.experiment_id)
        reply = handler(call)
        _note_task(reply)
        response = _response(operation, call, reply)
    except BIError as error:
        note(error=type(error).__name__)
        if error.http_status >= _FIRST_SERVER_ERROR:
            note(reason=error.detail)
        response = _refusal(error, wiring, request)
    except Exception:  # the last resort: the client gets no internals
        logger.exception("request %s failed", request_id())
        response = _refusal(internal_error(), wiring, request)
    response.headers[_REQUEST_ID] = request_id()
    return response


def _note_task(reply: Reply) -> None:
    """Put the task that an order has started on the request's line: from here it is followed."""
    task = getattr(reply.body, "task", None)
    if task is not None:
        note(task_id=task.id)


def _response(
    operation: Operation[QueryT, BodyT], call: Call[QueryT, BodyT], reply: Reply
) -> Response:
    text = text_of(reply.body)
    headers: dict[str, Any] = {
        "Content-Type": reply.media_type,
        "Cache-Control": operation.cache_control,
        **reply.headers,
    }
    if reply.next_cursor:
        headers["Link"] = next_link(call.incoming.instance, call.incoming.query, reply.next_cursor)
    if operation.has_etag:
        headers["ETag"] = entity_tag(text)
        if is_unchanged(call.incoming.headers.get("if-none-match"), headers["ETag"]):
            return Response("", headers, _UNCHANGED)
    return Response(text, headers, reply.status)


def _refusal(error: BIError, wiring: Wiring, request: Request) -> Response:
    base_url, _ = _edge_settings(wiring)
    document = problem_of(
        error, base_url=base_url, instance=instance_of(request), request_id=request_id()
    )
    headers: Headers = {**headers_of(error)}
    return Response(json.dumps(document), headers, error.http_status)


def _edge_settings(wiring: Wiring) -> tuple[str, str]:
    """Return public URL and CORS origin; without a valid configuration, none."""
    try:
        settings = wiring.settings()
    except ConfigurationError:
        logger.exception("the configuration is wrong")
        return "", ""
    return settings.public_url, settings.cors_origin
