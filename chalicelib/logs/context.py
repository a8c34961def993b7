"""What all lines of one request, step or run share: kept per thread and per asynchronous task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Unpack

from chalicelib.logs.fields import NAMES, Fields

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_SCOPE: ContextVar[Mapping[str, Any]] = ContextVar("log_scope", default=_NOTHING)


@contextmanager
def scope(more: Fields | None = None, /, **fields: Unpack[Fields]) -> Iterator[None]:
    """Put fields on every line of the block, beside those of the blocks around it.

    Raises:
        TypeError: a name is not in `Fields`.
    """
    token = _SCOPE.set({**_SCOPE.get(), **allowed(more or {}), **allowed(fields)})
    try:
        yield
    finally:
        _SCOPE.reset(token)


def note(**fields: Unpack[Fields]) -> None:
    """Add fields to the innermost block, for its lines from now on; nothing outside of one."""
    current = _SCOPE.get()
    if isinstance(current, dict):
        current.update(allowed(fields))


def current_scope() -> Mapping[str, Any]:
    """Return the fields of the block that runs."""
    return _SCOPE.get()


def correlation_id() -> str | None:
    """Return what this work is followed by across systems: its task, request or run."""
    fields = _SCOPE.get()
    found = fields.get("task_id") or fields.get("request_id") or fields.get("run_id")
    return str(found) if found else None


def allowed(fields: Fields) -> dict[str, Any]:
    """Return the fields that have a value.

    Raises:
        TypeError: a name is not in `Fields`.
    """
    if not fields.keys() <= NAMES:
        raise TypeError(f"not a field of log lines: {', '.join(sorted(fields.keys() - NAMES))}")
    return {name: value for name, value in fields.items() if value is not None}
