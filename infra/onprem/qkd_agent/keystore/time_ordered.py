"""Names that sort by when they were made: UUID version 7 (RFC 9562, section 5.7).

The key store finds keys by their IDs. Random IDs would land each on a page of its own in every
index, so that a batch of a hundred keys costs megabytes of writing in a full store; ordered IDs
land together, on a handful of pages at the end.
"""

import os
import uuid

_RANDOM_BYTES = 10
_VERSION, _VARIANT = 7 << 76, 2 << 62
_RANDOM_BITS = (0xFFF << 64) | ((1 << 62) - 1)
_MOST_MILLISECONDS = (1 << 48) - 1


def new_ids(number: int, at: float) -> tuple[str, ...]:
    """Return fresh UUIDs in lower case, in ascending order.

    Args:
        number: How many.
        at: Seconds since 1970. It only orders the IDs: 74 random bits make each unique.
    """
    milliseconds = min(max(int(at * 1000), 0), _MOST_MILLISECONDS)
    fixed = milliseconds << 80 | _VERSION | _VARIANT
    entropy = os.urandom(number * _RANDOM_BYTES)
    pieces = [entropy[i : i + _RANDOM_BYTES] for i in range(0, len(entropy), _RANDOM_BYTES)]
    values = sorted(fixed | int.from_bytes(piece) & _RANDOM_BITS for piece in pieces)
    return tuple(str(uuid.UUID(int=value)) for value in values)
