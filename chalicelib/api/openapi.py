"""The OpenAPI 3.1 description, written from OPERATIONS and the schemas.

`python -m chalicelib.api.openapi` prints it as it stands in docs/reference/openapi.json.
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from inspect import cleandoc
from typing import Any, get_args, get_origin

from msgspec import Struct
from msgspec.json import schema_components

from chalicelib.api.examples import (
    ANSWER_EXAMPLES,
    BODY_EXAMPLES,
    PATH_EXAMPLES,
    PROBLEM_EXAMPLE,
)
from chalicelib.api.openapi_problems import problem_responses
from chalicelib.api.operations import OPERATIONS
from chalicelib.api.operations.model import Operation, Security
from chalicelib.api.schemas.base import Body
from chalicelib.api.schemas.site import ProblemAnswer
from chalicelib.api.version import API_VERSION

_REF = "#/components/schemas/{name}"
_EXAMPLE_URL, _EXAMPLE_NAME = "https://bi.example.org", "Example site"
_DESCRIPTION = (
    "SLICES-RI Basic Infrastructure with OpenStack. Read with a user token "
    "(`slices auth id-token AUDIENCE`), write with an experiment token "
    "(`slices experiment jwt NAME`). Every path also works with a trailing slash; every success "
    "is 200; every error is a problem (RFC 9457)."
)


@cache
def document(base_url: str, site_name: str) -> dict[str, Any]:
    """Return the description of a site."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Basic Infrastructure API of {site_name}",
            "version": API_VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": name} for name in dict.fromkeys(op.tag for op in OPERATIONS)],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "bearerAuth": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A SLICES user, project or experiment token.",
                },
                "phoneHome": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The one-time token that a VM gets with its user data.",
                },
            },
        },
    }


def _operation(operation: Operation[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": {"200": _success(operation), **problem_responses(operation)},
        "security": _security(operation),
    }
    if operation.aliases:
        described["description"] = f"Also as {', '.join(operation.aliases)}."
    if operation.has_etag:
        described["responses"]["304"] = {"description": "Unchanged since the ETag given."}
    if operation.has_body:
        content: dict[str, Any] = {"schema": _reference(operation.body)}
        if operation.name in BODY_EXAMPLES:
            content["example"] = BODY_EXAMPLES[operation.name]
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _security(operation: Operation[Any, Any]) -> list[dict[str, list[str]]]:
    if operation.security is Security.NONE:
        return []
    scheme = "phoneHome" if operation.security is Security.PHONE_HOME else "bearerAuth"
    return [{scheme: []}]


def _parameters(operation: Operation[Any, Any]) -> list[dict[str, Any]]:
    group = operation.path.split("/")[1]
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
            "example": PATH_EXAMPLES.get(name) or PATH_EXAMPLES[group],
        }
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    _, schemas = schema_components([operation.query], ref_template=_REF)
    for name, described in schemas[operation.query.__name__]["properties"].items():
        kept = _without_null(_tidied(described))
        text = kept.pop("description", "")
        parameters.append(
            {
                "name": name,
                "in": "query",
                "required": False,
                "allowEmptyValue": True,  # counts as absent
                "description": text,
                "schema": kept,
            }
        )
    parameters.append(_header("X-Request-Id", "Found again in answers and logs."))
    if operation.has_etag:
        parameters.append(_header("If-None-Match", "ETag of the answer that you have."))
    if operation.name == "request_resources":
        parameters.append(_header("Idempotency-Key", "Another way to give request_id."))
    return parameters


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a query parameter: text is never null, only absent."""
    kept = {key: value for key, value in schema.items() if key != "title"}
    if kept.get("default", "") is None:
        del kept["default"]
    variants = [one for one in kept.pop("anyOf", ()) if one.get("type") != "null"]
    return {**variants[0], **kept} if variants else kept


def _header(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}


def _success(operation: Operation[Any, Any]) -> dict[str, Any]:
    headers: dict[str, Any] = {
        "X-Request-Id": {"description": "Names this request.", "schema": {"type": "string"}}
    }
    if operation.has_etag:
        headers["ETag"] = {"description": "For If-None-Match.", "schema": {"type": "string"}}
    if "cursor" in operation.query.__struct_fields__:
        headers["Link"] = {
            "description": 'The next page, as rel="next".',
            "schema": {"type": "string"},
        }
    content: dict[str, Any] = {}
    if operation.answer is not None:
        content["application/json"] = {"schema": _answer_schema(operation.answer)}
        if operation.name in ANSWER_EXAMPLES:
            content["application/json"]["example"] = ANSWER_EXAMPLES[operation.name]
    for media_type in operation.other_media_types:
        content[media_type] = {"schema": {"type": "string"}}
    return {"description": "Done.", "headers": headers, "content": content}


def _answer_schema(answer: Any) -> dict[str, Any]:
    if isinstance(answer, type) and issubclass(answer, Struct):
        return _reference(answer)
    if get_origin(answer) is list:
        return {"type": "array", "items": _reference(get_args(answer)[0])}
    if get_args(answer):
        return {"anyOf": [_reference(member) for member in get_args(answer)]}
    return {"type": "object"}


def _reference(model: type[Struct]) -> dict[str, Any]:
    return {"$ref": _REF.format(name=model.__name__)}


def _models(answer: Any) -> tuple[type[Struct], ...]:
    if isinstance(answer, type) and issubclass(answer, Struct):
        return (answer,)
    return tuple(member for member in get_args(answer) if isinstance(member, type))


def _schemas() -> dict[str, Any]:
    bodies = {op.body for op in OPERATIONS if op.has_body}
    answers = {model for op in OPERATIONS for model in _models(op.answer)} | {ProblemAnswer}
    _, found = schema_components(bodies | answers, ref_template=_REF)
    for kind in Body.__subclasses__():
        if kind.__name__ in found:
            found[kind.__name__] |= kind.schema_extra
    found["ProblemAnswer"]["example"] = PROBLEM_EXAMPLE
    return {name: _tidied(schema) for name, schema in sorted(found.items())}


def _tidied(node: Any) -> Any:
    """Return a schema of msgspec's with clean descriptions, and with the type of its choices."""
    if isinstance(node, list):
        return [_tidied(one) for one in node]
    if not isinstance(node, dict):
        return node
    tidied = {name: _tidied(value) for name, value in node.items()}
    if isinstance(tidied.get("description"), str):
        tidied["description"] = cleandoc(tidied["description"])
    return {"type": "string", **tidied} if "enum" in tidied else tidied


def main() -> None:
    """Print the description of an example site."""
    text = json.dumps(document(_EXAMPLE_URL, _EXAMPLE_NAME), indent=2, ensure_ascii=False)
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
