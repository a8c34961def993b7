"""Processes that die, or are overtaken, at a chosen external effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# What changes something outside the process. All else only reads.
EFFECTS = frozenset(
    {
        "add", "change", "hold_name", "free_name", "reserve_quota", "free_quota",
        "create_port", "create_server", "create_floating_ip",
        "delete_port", "delete_server", "delete_floating_ip", "start",
        "reserve", "release", "admit", "revoke",
    }
)  # fmt: skip


class ProcessDiedError(BaseException):
    """The process is gone: no handler of it runs to any effect any more."""


class Fate:
    """Counts the effects of a runner, and strikes at one of them.

    Args:
        die_before, die_after: the effect (from 1) before or after which the process dies.
        overtaken_at: the effect before which `by` runs to its end.
    """

    def __init__(
        self,
        *,
        die_before: int = 0,
        die_after: int = 0,
        overtaken_at: int = 0,
        by: Callable[[], None] = lambda: None,
    ) -> None:
        self.effects = 0
        self.is_dead = False
        self._die_before = die_before
        self._die_after = die_after
        self._overtaken_at = overtaken_at
        self._by = by

    def new_process(self) -> None:
        """Let the next step run in a fresh process, as a workflow's retry does."""
        self.is_dead = False

    def call(self, name: str, method: Callable[..., Any], *args: Any) -> Any:
        """Call a method on behalf of the process."""
        if self.is_dead:
            raise ProcessDiedError
        if name not in EFFECTS:
            return method(*args)
        self.effects += 1
        now = self.effects
        if now == self._overtaken_at:
            self._by()
        if now == self._die_before:
            self.is_dead = True
            raise ProcessDiedError
        result = method(*args)
        if now == self._die_after:
            self.is_dead = True
            raise ProcessDiedError
        return result


class Mortal:
    """A port as a process with a fate sees it."""

    def __init__(self, port: Any, fate: Fate) -> None:
        self._port = port
        self._fate = fate

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)
        return lambda *args: self._fate.call(name, method, *args)
