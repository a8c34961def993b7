"""Lambda inside this process: calls go to the app's own handlers.

moto asks its Lambda backend for a result; here that is the function of this name in
`app.handler_map`, so middleware runs too, and nothing has to be deployed. Event and result make
the trip through JSON as on AWS, and an exception becomes what Lambda makes of it.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from chalice import Chalice
from chalice.local import LambdaContext
from moto.awslambda_simple.models import LambdaSimpleBackend

DEFAULT_TIMEOUT_SECONDS = 60
_MEMORY_MIB = 512
_CHALICE_CONFIG = Path(".chalice/config.json")


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of a function: its name and its event as the caller sent it."""

    name: str
    event: Any


# Stands around a call: calls `proceed()` or not, before or after breaking something.
Interceptor = Callable[[Invocation, Callable[[], Any]], Any]


@dataclass(slots=True)
class Functions:
    """The app's functions by name, as their callers see them.

    `interceptors` stand around every call, the first one outermost; tests put faults there.
    """

    handlers: MutableMapping[str, Callable[[Any, Any], Any]]
    timeouts: MutableMapping[str, int] = field(default_factory=dict)
    interceptors: list[Interceptor] = field(default_factory=list)

    @classmethod
    def of(cls, app: Chalice, config: Path = _CHALICE_CONFIG) -> Functions:
        """Return the functions of an app, with the timeouts that it will be deployed with."""
        return cls(app.handler_map, read_timeouts(config))

    def call(self, name: str, event: Any) -> Any:
        """Call a function as AWS would and return its result after a trip through JSON.

        Raises:
            KeyError: there is no such function.
            TypeError: the result is not JSON.
            Exception: whatever the function raises.
        """
        handler = self.handlers[name]
        context = LambdaContext(
            function_name=name,
            memory_size=_MEMORY_MIB,
            max_runtime_ms=self.timeouts.get(name, DEFAULT_TIMEOUT_SECONDS) * 1000,
        )
        call = Invocation(name, event)

        def proceed() -> Any:
            return handler(_round_trip(event), context)

        for interceptor in reversed(tuple(self.interceptors)):
            proceed = _around(interceptor, call, proceed)
        return _round_trip(proceed())

    def answer(self, arn: str, body: str | bytes | None) -> tuple[bytes, bool]:
        """Return the body that Lambda answers an invocation with, and whether it is an error."""
        try:
            result = self.call(arn.rsplit(":", 1)[-1], json.loads(body or "{}"))
        except Exception as error:  # noqa: BLE001  Lambda, too, turns whatever is raised into JSON
            return json.dumps(_described(error)).encode(), True
        return json.dumps(result).encode(), False


class Answering(Protocol):
    """Functions that can be invoked, in this process or in others."""

    def answer(self, arn: str, body: str | bytes | None) -> tuple[bytes, bool]:
        """Return the body that Lambda answers an invocation with, and whether it is an error."""


@contextmanager
def serve_functions(functions: Answering) -> Iterator[None]:
    """Let moto's Lambda run these functions, until the block ends."""
    backend: Any = LambdaSimpleBackend  # mypy refuses assignments to methods
    original = backend.invoke

    def invoke(
        _self: LambdaSimpleBackend,
        function_name: str,
        _qualifier: str | None,
        body: str | bytes | None,
        _headers: Any,
        response_headers: MutableMapping[str, str],
    ) -> bytes:
        answer, is_error = functions.answer(function_name, body)
        if is_error:
            response_headers["x-amz-function-error"] = "Unhandled"
        return answer

    backend.invoke = invoke
    try:
        yield
    finally:
        backend.invoke = original


def read_timeouts(config: Path) -> dict[str, int]:
    """Return the seconds that Chalice's configuration gives each function; none without it."""
    if not config.exists():
        return {}
    functions = json.loads(config.read_text(encoding="utf-8"))["lambda_functions"]
    return {
        name: int(settings["lambda_timeout"])
        for name, settings in functions.items()
        if "lambda_timeout" in settings
    }


def _around(
    interceptor: Interceptor, call: Invocation, proceed: Callable[[], Any]
) -> Callable[[], Any]:
    return lambda: interceptor(call, proceed)


def _round_trip(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _described(error: Exception) -> dict[str, Any]:
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }
