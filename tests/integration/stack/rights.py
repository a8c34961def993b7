"""Every call of DynamoDB that a function makes on the local stack, held against its rights.

moto allows everything, so only this tells a right that is missing before AWS does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest
from pynamodb.connection.base import Connection

from infra.aws.functions import API, zone_of
from infra.local.lambda_functions import Functions

_FUNCTION: ContextVar[str] = ContextVar("function")

Call = tuple[str, str, str]


@contextmanager
def recorded() -> Iterator[set[Call]]:
    """Collect (function, table, action) of each call until the block ends."""
    calls: set[Call] = set()
    really_call, really_dispatch = Functions.call, Connection.dispatch

    def call(functions: Functions, name: str, event: Any) -> Any:
        token = _FUNCTION.set(name)
        try:
            return really_call(functions, name, event)
        finally:
            _FUNCTION.reset(token)

    def dispatch(connection: Connection, operation: str, arguments: dict[str, Any]) -> Any:
        # The API's functions run on threads of the server; the main thread is the test's own.
        is_test = threading.current_thread() is threading.main_thread()
        function = _FUNCTION.get("" if is_test else API)
        tables = arguments.get("RequestItems", {arguments.get("TableName"): None})
        if function:
            calls.update((function, table, operation) for table in tables)
        return really_dispatch(connection, operation, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Functions, "call", call)
        patch.setattr(Connection, "dispatch", dispatch)
        yield calls


def without_right(calls: set[Call]) -> list[Call]:
    """Return the calls that AWS would refuse."""
    return sorted(
        (function, table, action)
        for function, table, action in calls
        if action not in zone_of(function).tables.get(table, ())
    )
