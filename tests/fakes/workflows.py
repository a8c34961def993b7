"""A workflow engine that only notes what was started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import Unavailable


class FakeWorkflows:
    """Implements ports.WorkflowEngine; `started` maps execution names to workflow and payload."""

    def __init__(self) -> None:
        self.started: dict[str, tuple[str, dict[str, Any]]] = {}
        self.running: set[str] = set()
        self.is_down = False

    def start(self, workflow: str, name: str, payload: Mapping[str, Any]) -> None:
        self._reach()
        self.started.setdefault(name, (workflow, dict(payload)))

    def is_running(self, workflow: str, name: str) -> bool:
        self._reach()
        return name in self.running and self.started[name][0] == workflow

    def _reach(self) -> None:
        if self.is_down:
            raise Unavailable("The workflow engine cannot be reached.")
