"""Which errors an operation can answer with, by status."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from chalicelib.api.operations.model import Operation, Security
from chalicelib.api.problem import CONTENT_TYPE, InternalError, UnsupportedMediaType
from chalicelib.domain.errors import (
    AuthorityUnavailable,
    BIError,
    Forbidden,
    InvalidRequest,
    NotFound,
    NotJSON,
    RequestTooLarge,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
    TokenNotYetValid,
    Unavailable,
)

_TOKEN_ERRORS = (
    TokenMissing,
    TokenInvalid,
    TokenExpired,
    TokenNotYetValid,
    Forbidden,
    AuthorityUnavailable,
)
_BODY_ERRORS = (NotJSON, UnsupportedMediaType, RequestTooLarge)


def errors_of(operation: Operation[Any, Any]) -> tuple[type[BIError], ...]:
    """Return every kind of error that the operation can answer with."""
    errors: list[type[BIError]] = [InvalidRequest, InternalError, Unavailable, *operation.errors]
    if operation.security is Security.PHONE_HOME:
        errors += [TokenMissing, TokenInvalid]
    elif operation.security is not Security.NONE:
        errors += _TOKEN_ERRORS
    if operation.has_body:
        errors += _BODY_ERRORS
    if "{" in operation.path:
        errors.append(NotFound)
    return tuple(dict.fromkeys(errors))


def problem_responses(operation: Operation[Any, Any]) -> dict[str, Any]:
    """Return the error responses of an operation for OpenAPI."""
    by_status: defaultdict[int, list[type[BIError]]] = defaultdict(list)
    for error in errors_of(operation):
        by_status[error.http_status].append(error)
    return {
        str(status): {
            "description": "; ".join(f"{kind.title} (`{kind.slug}`)" for kind in kinds) + ".",
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}},
        }
        for status, kinds in sorted(by_status.items())
    }
