"""The app as Lambda runs it, warm: proxy events in, answers out, in the calling thread.

So a measurement holds what Lambda would bill: dispatch, token check, validation, the store's client
and the answer. It does not hold a client, nor the store itself, which is another process.
"""

from __future__ import annotations

import importlib
import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from chalice.app import Chalice
from chalice.local import LambdaContext, LambdaEventConverter, RouteMatcher

from chalicelib import bootstrap
from chalicelib.adapters.dynamodb.tables import create_tables
from infra.local import environment
from infra.local.bench.dynalite import dynalite
from infra.local.bench.timing import Cost, cost_of
from infra.local.bench.workflow_stub import workflow_stub
from infra.local.issuer import Issuer

PROJECT = "bench"
EXPERIMENT = "bench"
USER = "bench"
PUBLIC_URL = "https://bi.example.org"
_HOUR_SECONDS = 3600
_OK = 200

Event = dict[str, Any]


class WarmAPI:
    """Makes events and lets the app answer them."""

    def __init__(self, app: Chalice, issuer: Issuer) -> None:
        self._app = app
        self._issuer = issuer
        self._events = LambdaEventConverter(RouteMatcher(list(app.routes)))

    def beside(self, app: Chalice) -> WarmAPI:
        """Return the same for another app."""
        return WarmAPI(app, self._issuer)

    def event(
        self,
        method: str,
        path: str,
        experiment: str = EXPERIMENT,
        body: dict[str, Any] | None = None,
        *,
        project: str = PROJECT,
    ) -> Event:
        """Return the proxy event of a request with the experiment's token."""
        token = self._issuer.experiment_token(
            experiment, project=project, lifetime_seconds=_HOUR_SECONDS
        )
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        text = None if body is None else json.dumps(body).encode()
        event: Event = self._events.create_lambda_event(method, path, headers, text)
        return event

    def user_token(self, project: str = PROJECT) -> str:
        """Return a user's token, for the proof that POST /resources asks for."""
        return self._issuer.user_token(USER, project=project, lifetime_seconds=_HOUR_SECONDS)

    def answer(self, event: Event) -> dict[str, Any]:
        """Let the app answer.

        Raises:
            RuntimeError: it refuses; a refusal would make a fine but wrong figure.
        """
        answer: dict[str, Any] = self._app(event, _context())
        if answer["statusCode"] != _OK:
            raise RuntimeError(f"the app answers {answer['statusCode']}: {answer['body']}")
        return answer

    def cost(self, event: Event) -> Cost:
        """Return what the answer costs."""
        return cost_of(lambda: self.answer(event))


@contextmanager
def warm_api() -> Iterator[WarmAPI]:
    """Run the app on an empty dynalite, with a local token issuer and a Step Functions stub.

    Raises:
        Skipped: dynalite cannot be had.
    """
    with ExitStack() as parts:
        store_url = parts.enter_context(dynalite())
        workflows_url = parts.enter_context(workflow_stub())
        issuer = parts.enter_context(Issuer(audience=PUBLIC_URL))
        variables = environment.app_environment(issuer, PUBLIC_URL, Path("unused"), "unused")
        parts.enter_context(environment.applied({**variables, **_own(store_url, workflows_url)}))
        bootstrap.reset()
        parts.callback(bootstrap.reset)
        create_tables(bootstrap.settings())
        app: Chalice = importlib.import_module("app").app
        yield WarmAPI(app, issuer)


def _own(store_url: str, workflows_url: str) -> dict[str, str]:
    return {
        "DYNAMODB_URL": store_url,
        "TABLE_PREFIX": f"bench-{uuid.uuid4().hex[:8]}-",
        "AWS_ENDPOINT_URL_SFN": workflows_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        # Roomy enough for every request of a run; the check is made all the same.
        "QUOTA_INSTANCES": "1000000",
        "QUOTA_VCPUS": "1000000",
        "QUOTA_RAM_MIB": "1000000000",
    }


def _context() -> LambdaContext:
    return LambdaContext("api", 256)
