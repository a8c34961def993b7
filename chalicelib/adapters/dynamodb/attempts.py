"""How often and how fast a compare-and-swap is tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

from chalicelib.domain.errors import Unavailable

MAX_ATTEMPTS = 30
_FIRST_PAUSE_SECONDS = 0.004
_LONGEST_PAUSE_SECONDS = 0.25

Sleeper = Callable[[float], None]


def attempts(sleep: Sleeper = time.sleep) -> Iterator[int]:
    """Count the attempts from 0, with a growing random pause before each but the first.

    Raises:
        Unavailable: the caller asks for more than MAX_ATTEMPTS.
    """
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)
            # The pause only keeps writers apart; it needs no cryptography.
            sleep(random.uniform(0, longest))  # noqa: S311 - not a secret
        yield attempt
    raise Unavailable("Too many changes of the same object at once; try again.")
