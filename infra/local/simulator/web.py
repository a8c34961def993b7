"""Requests, answers and refusals, apart from sockets."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, according to the token."""

    user_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are lower case, the path has no query."""

    method: str
    path: str
    origin: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    identity: Identity = Identity("", "")

    def first(self, name: str) -> str | None:
        """Find the first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def json_object(self) -> dict[str, Any]:
        """Parse the body.

        Raises:
            ApiError: 400, the body is not a JSON object.
        """
        try:
            parsed = json.loads(self.body)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise ApiError(400, "Malformed request body")
        return parsed

    def json_member(self, name: str) -> dict[str, Any]:
        """Parse the body and take the object that OpenStack wraps in one key.

        Raises:
            ApiError: 400, there is no such object.
        """
        member = self.json_object().get(name)
        if not isinstance(member, dict):
            raise ApiError(400, f"Invalid input: '{name}' is a required property")
        return member


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """A refusal; the service that refuses puts it into its own format.

    Attributes:
        status: The HTTP status.
        message: The sentence the client reads.
        kind: Neutron's name of the error, unused by the others.
    """

    def __init__(self, status: int, message: str, kind: str = "HTTPBadRequest") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind


Handler = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Route:
    """A method, a pattern of the path below the service's prefix, and what answers it.

    The pattern's groups are the handler's arguments after the request.
    """

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    needs_token: bool = True


class Service(Protocol):
    """One of the APIs."""

    @property
    def prefix(self) -> str:
        """The path below which the service lives."""

    def routes(self) -> list[Route]:
        """List everything the service answers."""

    def refuse(self, request: Request, error: ApiError) -> Response:
        """Present a refusal in the service's own format."""


def route(method: str, pattern: str, handler: Handler, *, needs_token: bool = True) -> Route:
    """Make a route from a regular expression that must match the whole path."""
    return Route(method, re.compile(pattern), handler, needs_token)


def json_response(
    status: int, payload: object, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with JSON."""
    return Response(
        status,
        json.dumps(payload).encode(),
        {"Content-Type": "application/json", **(headers or {})},
    )


def page(
    items: list[dict[str, Any]], request: Request, max_items: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Cut one page out of presented items, by the query's ``limit`` and ``marker``.

    Returns:
        The page, and the marker of the next one if there is more.

    Raises:
        ApiError: 400, the marker is unknown or the limit is not a number.
    """
    marker = request.first("marker")
    start = 0
    if marker is not None:
        positions = [number for number, item in enumerate(items) if item["id"] == marker]
        if not positions:
            raise ApiError(400, f"marker [{marker}] not found")
        start = positions[0] + 1
    limit_text = request.first("limit") or str(max_items)
    if not limit_text.isdecimal():
        raise ApiError(400, f"Invalid input for query parameters limit. Value: {limit_text}.")
    limit = min(int(limit_text) or max_items, max_items)
    chosen = items[start : start + limit]
    has_more = start + limit < len(items)
    return chosen, str(chosen[-1]["id"]) if has_more else None
