"""One call of a function in a process of its own, which kills itself at the chosen effect.

`python -m tests.faults.step_process` reads `{"name", "event", "effect", "moment"}` from stdin and
writes `{"result"}` or `{"error", "message"}` to stdout, if it lives to see the end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from chalicelib import bootstrap
from infra.local.lambda_functions import Functions
from tests.faults.effects import Effect
from tests.faults.watched import WatchedAgent, WatchedCompute, watched_backend


class Killer:
    """Ends this process at the first effect of a name, as the kernel does at a timeout."""

    def __init__(self, effect: str, moment: str) -> None:
        self._effect = effect
        self._moment = moment

    def before(self, effect: Effect) -> None:
        self._kill_if(effect, "before")

    def after(self, effect: Effect) -> None:
        self._kill_if(effect, "after")

    def wrote(self, state: Any) -> None:
        """Nothing is to be learned here."""

    def belongs(self, identifier: str, owner_id: str) -> None:
        """Nothing is to be learned here."""

    def _kill_if(self, effect: Effect, moment: str) -> None:
        if (effect.name, moment) == (self._effect, self._moment):
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    order = json.load(sys.stdin)
    killer = Killer(order["effect"], order["moment"])
    backend = watched_backend(bootstrap.backend(), killer)
    compute = WatchedCompute(bootstrap.compute(), killer)
    agents = {name: WatchedAgent(name, one, killer) for name, one in bootstrap.qkd_agents().items()}
    bootstrap.backend = lambda: backend
    bootstrap.qkd_agents = lambda: agents
    bootstrap.compute = lambda: compute

    from app import app

    try:
        answer = {"result": Functions.of(app).call(order["name"], order["event"])}
    except Exception as error:  # noqa: BLE001  as Lambda, whatever is raised becomes the answer
        answer = {"error": type(error).__name__, "message": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
