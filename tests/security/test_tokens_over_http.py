"""Every bad token against every route that needs one, over HTTP on the whole local stack."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import urllib3

from infra.local.issuer.identities import experiment_id
from infra.local.stack import LocalStack, StackOptions
from tests.integration.stack.client import Experiment
from tests.security.tokens import EXPIRED, NOT_YET_VALID, bad_tokens

OPEN_ROUTES = {"/", "/health", "/openapi.json", "/docs", "/docs/{file}", "/problems/{slug}",
               "/ui", "/ui/config.json", "/ui/{release}/{directory}/{file}"}  # fmt: skip
# No client can send these in a header, or no server reads that much of one.
NOT_FOR_HEADERS = {"not ASCII", "base64 with newline", "whitespace", "3 MB", "3 MB of dots"}
LEAST_TOKENS = 150


class Route(NamedTuple):
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def protected_routes() -> list[Route]:
    """Every route of the app, aliases too, but those that are meant for everybody."""
    app = importlib.import_module("app").app
    return sorted(
        Route(method, path)
        for path, methods in app.routes.items()
        if path not in OPEN_ROUTES
        for method in methods
        if method != "OPTIONS"
    )


ROUTES = protected_routes()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    options = StackOptions(state=tmp_path_factory.mktemp("stack"), boot_seconds=0.1)
    with LocalStack(options) as stack:
        yield stack


@pytest.fixture(scope="module")
def tokens(stack: LocalStack) -> list[tuple[str, str]]:
    found = [(n, t) for n, t in bad_tokens(stack.issuer) if n not in NOT_FOR_HEADERS]
    assert len(found) >= LEAST_TOKENS
    return found


@pytest.fixture(scope="module")
def http() -> urllib3.PoolManager:
    return urllib3.PoolManager(retries=False, timeout=30)


def send(http: urllib3.PoolManager, stack: LocalStack, route: Route, token: str | None) -> Any:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    body = None
    if route.method in {"POST", "PUT"}:
        headers["Content-Type"] = "application/json"
        resource_id = "r_tld-city-bp1_01kz1p6m81e2t9pdqdw3bpvmqb"
        body = json.dumps({"resource_id": resource_id, "ssh_host_keys": []}).encode()
    path = re.sub(r"{\w+}", "r_tld-city-bp1_01kz1p6m81e2t9pdqdw3bpvmqb", route.path)
    return http.request(route.method, stack.addresses.api_url + path, body=body, headers=headers)


def test_there_are_routes_to_protect():
    paths = {route.path for route in ROUTES}
    assert {"/resources", "/resources/{id}", "/tasks/{id}", "/disk-images", "/quota"} <= paths
    assert len(ROUTES) >= 20


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_every_bad_token_is_refused(http, stack, tokens, route):
    wrong = []
    for name, token in [("none", None), *tokens]:
        answer = send(http, stack, route, token)
        try:
            problem = answer.json()
            code = problem["code"]
            assert answer.status == problem["status"] == 401
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
            assert code.startswith("token-")
            assert token is None or token not in answer.data.decode()
            if route.path != "/phone-home":
                _check_times(name, code, problem["detail"])
        except (AssertionError, KeyError, ValueError):
            wrong.append(f"{name}: {answer.status} {answer.data[:200]!r}")
    assert not wrong, "\n".join(wrong)


def _check_times(name: str, code: str, detail: str) -> None:
    if name in EXPIRED:
        assert code == "token-expired"
        assert "Get a new one: `slices " in detail
    elif name in NOT_YET_VALID:
        assert code == "token-not-yet-valid"
    else:
        assert code in {"token-invalid", "token-missing"}


def test_the_same_routes_let_good_tokens_in(http, stack):
    """Else the refusals above would prove nothing."""
    good = stack.issuer.user_token()
    for route in ROUTES:
        if route.path != "/phone-home":
            assert send(http, stack, route, good).status != 401, route


def test_another_experiment_sees_and_changes_nothing(stack):
    owner = Experiment(stack, "owner", "project-a")
    (vm,) = owner.up("mine")
    for other in (Experiment(stack, "other", "project-a"), Experiment(stack, "far", "project-b")):
        assert other.listed() == []
        assert other.ok("GET", "/tasks") == []
        assert other.ok("GET", "/resources", experiment_id=experiment_id(owner.name)) == []
        path = f"/resources/{vm['id']}"
        for method, target, body in [
            ("GET", path, None),
            ("GET", f"{path}/events", None),
            ("GET", f"{path}/console", None),
            ("POST", f"{path}/extend", {"as_late_as_possible": True}),
            ("POST", f"{path}/reset", None),
            ("DELETE", path, None),
            ("GET", f"/tasks/{vm['task_id']}", None),
        ]:
            answer = other.call(method, target, body)
            assert (answer.status, answer.body["code"]) == (404, "not-found"), (method, target)
    assert owner.resource(vm["id"]) == vm
    owner.delete(vm["id"])
