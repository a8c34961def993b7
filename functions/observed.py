"""A blueprint whose steps and schedules write one line each: who ran, for what, what came of it.

Chalice's middleware would not do: Lambda calls a step by its module, without the application that
middleware is registered with.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import bootstrap
from chalicelib.domain.errors import BIError, StepSignal
from chalicelib.logs.context import scope
from chalicelib.logs.events import log
from chalicelib.logs.invocation import invocation
from chalicelib.metrics import STEP_FAILURES

logger = logging.getLogger(__name__)

Step = Callable[[dict[str, Any], Any], dict[str, Any]]
Schedule = Callable[[CloudWatchEvent], dict[str, Any]]


class UnexpectedError(Exception):
    """A mistake of this software. The workflow is told only this: the words may hold secrets."""


class ObservedBlueprint(Blueprint):
    """Registers functions that are observed."""

    def lambda_function(self, name: str | None = None) -> Callable[[Step], Any]:
        """Return a decorator that makes a function a workflow's step."""
        register = super().lambda_function(name=name)

        def decorate(function: Step) -> Any:
            @functools.wraps(function)
            def step(event: dict[str, Any], context: Any) -> dict[str, Any]:
                bootstrap.start_logging()
                with scope(
                    invocation(context),
                    function=name or function.__name__,
                    task_id=_id(event, "task_id"),
                    resource_id=_id(event, "resource_id"),
                ):
                    return _observed("step", lambda: function(event, context))

            return register(step)

        return decorate

    def schedule(
        self, expression: Any, name: str | None = None, description: str = ""
    ) -> Callable[[Schedule], Any]:
        """Return a decorator that makes a function a schedule's."""
        register = super().schedule(expression, name=name, description=description)

        def decorate(function: Schedule) -> Any:
            @functools.wraps(function)
            def run(event: CloudWatchEvent) -> dict[str, Any]:
                bootstrap.start_logging()
                with scope(
                    invocation(event.context),
                    function=name or function.__name__,
                    run_id=event.event_id,
                ):
                    return _observed("run", lambda: function(event))

            return register(run)

        return decorate


def _observed(what: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        result = work()
    except StepSignal as signal:
        _write(what, logging.INFO, began, outcome="signal", error=type(signal).__name__)
        raise
    except BIError as error:
        name = type(error).__name__
        _write(
            what,
            logging.WARNING,
            began,
            failure=name,
            outcome="failed",
            error=name,
            reason=error.detail,
        )
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, it is told apart from our own
        _write(what, logging.ERROR, began, failure="Unexpected", exc_info=True, outcome="failed")
        # Lambda writes what is raised into its own log, and Step Functions into the history.
        raise UnexpectedError(
            f"{type(error).__name__}; the log of this function says where"
        ) from None
    _write(what, logging.INFO, began, outcome=str(result.get("state", "done")))
    return result


def _write(
    what: str,
    level: int,
    began: float,
    *,
    failure: str | None = None,
    exc_info: bool = False,
    **fields: Any,
) -> None:
    milliseconds = round((time.perf_counter() - began) * 1000, 1)
    measured = ({STEP_FAILURES: 1.0}, {"Error": failure}) if failure else None
    log(
        logger,
        level,
        what,
        measured=measured,
        exc_info=exc_info,
        duration_ms=milliseconds,
        **fields,
    )


def _id(event: Mapping[str, Any], name: str) -> str | None:
    value = event.get(name)
    return value if isinstance(value, str) else None
