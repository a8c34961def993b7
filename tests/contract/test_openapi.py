"""The OpenAPI description: valid, complete, and the one that is in the documentation."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import convert
from openapi_spec_validator import validate

from app import app
from chalicelib.api.examples import ANSWER_EXAMPLES, BODY_EXAMPLES
from chalicelib.api.openapi import document
from chalicelib.api.operations import OPERATIONS
from chalicelib.api.schemas.reading import read
from chalicelib.api.schemas.resource_answer import ResourceAnswer
from chalicelib.api.schemas.task_answer import TaskAnswer
from chalicelib.api.ssh_keys import fault_of
from tests.fakes.api import PUBLIC_URL, Api

ROOT = Path(__file__).parents[2]
DOCUMENT = document(PUBLIC_URL, "Example site")


def test_it_is_valid() -> None:
    validate(DOCUMENT)


def test_it_describes_every_route() -> None:
    aliases = {alias for operation in OPERATIONS for alias in operation.aliases}
    routes = {
        (path, method.lower())
        for path, entries in app.routes.items()
        for method in entries
        if path not in aliases and method != "OPTIONS"
    }
    described = {(path, method) for path, item in DOCUMENT["paths"].items() for method in item}
    assert described == routes


def test_it_is_served_without_a_token(api: Api) -> None:
    answer = api.call("GET", "/openapi.json", token=None)
    assert answer.json_body["servers"] == [{"url": PUBLIC_URL}]
    validate(answer.json_body)


def test_the_documentation_holds_the_present_one() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "chalicelib.api.openapi"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    ).stdout  # fmt: skip
    kept = (ROOT / "docs/reference/openapi.json").read_text(encoding="utf-8")
    assert printed == kept, "run `make docs`"


def _operations() -> list[dict[str, Any]]:
    return [described for item in DOCUMENT["paths"].values() for described in item.values()]


@pytest.mark.parametrize("described", _operations(), ids=lambda described: described["operationId"])
def test_every_operation_says_what_can_go_wrong(described: dict[str, Any]) -> None:
    responses = described["responses"]
    assert {"200", "422", "500", "503"} <= set(responses)
    if described["security"] not in ([], [{"phoneHome": []}]):
        assert {"401", "403"} <= set(responses)
    if "requestBody" in described:
        assert {"400", "413", "415"} <= set(responses)
        assert "example" in described["requestBody"]["content"]["application/json"]


def test_operation_ids_and_references_are_sound() -> None:
    names = [described["operationId"] for described in _operations()]
    assert len(set(names)) == len(names)
    text = json.dumps(DOCUMENT)
    for name in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert name in DOCUMENT["components"]["schemas"]


def test_answers_promise_every_field() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if name.endswith("Answer"):
            assert set(schema["required"]) == set(schema["properties"]), name


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_examples_are_right(operation: Any) -> None:
    if operation.has_body:
        _, unknown = read(operation.body, BODY_EXAMPLES[operation.name])
        assert unknown == ()


def test_the_examples_of_answers_and_keys_are_right() -> None:
    convert(ANSWER_EXAMPLES["show_resource"], ResourceAnswer)
    convert(ANSWER_EXAMPLES["show_task"], TaskAnswer)
    for key in BODY_EXAMPLES["request_resources"]["ssh_authorized_keys"]:
        assert fault_of(key) is None


def test_swagger_ui_is_unmodified() -> None:
    directory = ROOT / "chalicelib/web/vendor/swagger-ui"
    manifest = json.loads((directory / "MANIFEST.json").read_text(encoding="utf-8"))
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.iterdir()
        if path.name != "MANIFEST.json"
    }
    assert found == manifest["sha256"]
