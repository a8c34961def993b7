"""Clocks: CPU of the calling thread, and wall time, of one call."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """What one call cost."""

    cpu_ms: float
    wall_ms: float


def cost_of(call: Callable[[], object]) -> Cost:
    """Call it once; the CPU of other threads and processes does not count."""
    wall, cpu = time.perf_counter(), time.thread_time()
    call()
    cpu_ms, wall_ms = time.thread_time() - cpu, time.perf_counter() - wall
    return Cost(cpu_ms * 1e3, wall_ms * 1e3)
