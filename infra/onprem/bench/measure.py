"""Times of calls, taken in turn so that the noise of the machine meets all of them alike."""

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.onprem.qkd_agent.web.client import JsonClient

_OK = 200
_HUNDREDTHS = 100


@dataclass
class Measured:
    """One thing that is done again and again.

    Attributes:
        what: For the table.
        step: Does it once.
        keys: How many keys it delivers.
        used: Gives the CPU seconds that the agents have ever used.
        seconds: How long it took each time.
        cpu_seconds: What the agents used all the time that it was done.
    """

    what: str
    step: Callable[[], object]
    keys: int = 0
    used: Callable[[], float] = lambda: 0.0
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def once(self) -> None:
        """Do it and note the time."""
        used, before = self.used(), time.perf_counter()
        self.step()
        self.seconds.append(time.perf_counter() - before)
        self.cpu_seconds += self.used() - used

    def forget(self) -> None:
        """Forget what was measured."""
        self.seconds.clear()
        self.cpu_seconds = 0.0

    def percentile(self, percent: int) -> float:
        """Return a percentile in seconds."""
        return statistics.quantiles(self.seconds, n=_HUNDREDTHS, method="inclusive")[percent - 1]

    @property
    def keys_per_second(self) -> float:
        """Return the keys delivered per second of its own time."""
        return self.keys * len(self.seconds) / sum(self.seconds)


def in_turn(things: Sequence[Measured], rounds: int, warm_up: int = 10) -> None:
    """Do all of them once in each round; the first rounds are not counted."""
    for number in range(warm_up + rounds):
        if number == warm_up:
            for thing in things:
                thing.forget()
        for thing in things:
            thing.once()


def cpu_of(pids: Sequence[int]) -> float:
    """Return the CPU seconds that processes have used, in ticks of the kernel; see proc(5)."""
    ticks = 0
    for pid in pids:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        user, system = after_name.split()[11:13]
        ticks += int(user) + int(system)
    return ticks / os.sysconf("SC_CLK_TCK")


def asked(client: JsonClient, path: str, body: Mapping[str, Any]) -> Any:  # JSON
    """Return the body of an answer with status 200.

    Raises:
        RuntimeError: If the status is another.
    """
    answer = client.call("POST", path, body)
    if answer.status != _OK:
        raise RuntimeError(f"{path}: status {answer.status}: {answer.message}")
    return answer.body


def table(things: Sequence[Measured]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| what | p50 | p95 | n | keys/s | CPU of the agents |", "|---|---|---|---|---|---|"]
    for thing in things:
        rate = f"{thing.keys_per_second:.0f}" if thing.keys else ""
        p50, p95 = (f"{thing.percentile(percent) * 1e3:.2f} ms" for percent in (50, 95))
        count = len(thing.seconds)
        cpu = f"{thing.cpu_seconds / count * 1e3:.1f} ms" if thing.cpu_seconds else ""
        lines.append(f"| {thing.what} | {p50} | {p95} | {count} | {rate} | {cpu} |")
    return "\n".join(lines) + "\n"
