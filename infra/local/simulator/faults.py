"""Faults on demand: what a client must survive, one rule at a time."""

import re
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Effect(StrEnum):
    """What a fault does to a matching request."""

    STATUS = "status"
    """Answer with an error and change nothing."""
    STATUS_AFTER = "status_after"
    """Do what was asked, then answer with an error."""
    DROP_BEFORE = "drop_before"
    """Close the connection and change nothing."""
    DROP_AFTER = "drop_after"
    """Do what was asked, then close the connection without an answer."""
    DELAY = "delay"
    """Wait before doing what was asked."""
    GARBAGE = "garbage"
    """Do what was asked, then answer with a body that is not JSON."""
    SPAWN_ERROR = "spawn_error"
    """Accept the server, which then ends in ERROR with the fault's message."""
    DELETE_ERROR_ONCE = "delete_error_once"
    """Accept the deletion, which then fails and leaves the server in ERROR."""
    OUTAGE = "outage"
    """Close every connection to every API, whatever is asked."""


@dataclass(slots=True)
class Fault:
    """A rule; it applies to the next ``times`` matching requests, or for ever if that is None.

    Attributes:
        effect: What happens.
        method: The HTTP method that matches; None matches all.
        path: A regular expression, searched for in the path without the query.
        times: How many matching requests are hit.
        status: The status of STATUS and STATUS_AFTER.
        message: The error's text; the server's fault for SPAWN_ERROR and DELETE_ERROR_ONCE.
        seconds: The length of DELAY.
        hits: How many requests it has hit so far.

    Raises:
        ValueError: The effect is unknown, or the path is no regular expression.
    """

    effect: Effect
    method: str | None = None
    path: str = ""
    times: int | None = 1
    status: int = 500
    message: str = ""
    seconds: float = 0.0
    hits: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.effect = Effect(self.effect)
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"path is no regular expression: {error}") from error
        if self.effect is Effect.OUTAGE:
            # An outage knows no exceptions and lasts until the rule is removed.
            self.method, self.path, self.times = None, "", None

    def matches(self, method: str, path: str) -> bool:
        """Tell whether the rule is alive and meant for this request."""
        is_alive = self.times is None or self.hits < self.times
        return is_alive and self.method in {None, method} and bool(re.search(self.path, path))

    def describe(self) -> dict[str, Any]:
        """Present the rule and its hits as JSON."""
        return {
            "effect": self.effect.value,
            "method": self.method,
            "path": self.path,
            "times": self.times,
            "status": self.status,
            "message": self.message,
            "seconds": self.seconds,
            "hits": self.hits,
        }


class Faults:
    """The rules in force, oldest first; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Put a rule into force; keep the answer to read its ``hits``."""
        with self._lock:
            self._rules.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """End a rule, for instance an outage."""
        with self._lock:
            self._rules = [rule for rule in self._rules if rule is not fault]

    def clear(self) -> None:
        """End all rules."""
        with self._lock:
            self._rules.clear()

    def describe(self) -> list[dict[str, Any]]:
        """Present all rules as JSON, spent ones too."""
        with self._lock:
            return [rule.describe() for rule in self._rules]

    def take(self, method: str, path: str, *effects: Effect) -> Fault | None:
        """Find the first rule with one of the effects for a request, and count the hit."""
        with self._lock:
            for rule in self._rules:
                if rule.effect in effects and rule.matches(method, path):
                    rule.hits += 1
                    return rule
        return None
