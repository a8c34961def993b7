"""Requests, responses and errors of every face."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"


@dataclass(frozen=True)
class PeerCertificate:
    """What the verified certificate of the other end says. Nothing else tells who calls.

    Attributes:
        common_name: CN of the subject, empty if there is none.
        uris: URI names of the subjectAltName.
        serial: Serial number in upper-case hex.
        expires_at: End of validity, seconds since 1970.
    """

    common_name: str
    uris: tuple[str, ...]
    serial: str
    expires_at: float


@dataclass(frozen=True)
class Request:
    """One request. `parameters` come from the path, decoded once."""

    method: str
    segments: tuple[str, ...]
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    certificate: PeerCertificate | None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """One response."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """An error that the caller is told.

    Attributes:
        status: HTTP status.
        details: More, as the interface defines it.
        headers: Extra headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        details: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.details = list(details)
        self.headers = dict(headers or {})


def json_response(
    status: int, body: object, headers: Mapping[str, str] | None = None, media_type: str = JSON
) -> Response:
    """Return a response with a JSON body."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return Response(status, text.encode(), {"Content-Type": media_type, **(headers or {})})


def error_response(error: ApiError) -> Response:
    """Return the JSON body with `message` that every error of every face has."""
    body: dict[str, Any] = {"message": str(error)}
    if error.details:
        body["details"] = error.details
    return json_response(error.status, body, error.headers)
