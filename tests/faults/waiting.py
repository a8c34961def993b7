"""Wait for conditions, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE_SECONDS = 60.0
_POLL_SECONDS = 0.1
ValueT = TypeVar("ValueT")


def wait_until(
    condition: Callable[[], ValueT], what: str, seconds: float = DEADLINE_SECONDS
) -> ValueT:
    """Return the first true value of the condition.

    Raises:
        TimeoutError: time is up.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(_POLL_SECONDS)
    return value
