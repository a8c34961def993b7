"""IDs of keys that are made together: random UUIDs (version 4) that begin alike.

The key store finds keys by their IDs. IDs without anything in common would land each on a page of
its own in every index, so that a batch of a hundred keys costs megabytes of writing in a full
store; those of a batch land together. They are of version 4, since some clients take no other, and
so tell nothing of when a key was made.
"""

import os
import uuid

_ALIKE_BYTES = 6
_OTHER_BYTES = 10


def new_key_ids(number: int) -> tuple[str, ...]:
    """Return so many fresh UUIDs in lower case.

    Their first 48 bits are random and alike; 74 random bits make each unique.
    """
    alike = os.urandom(_ALIKE_BYTES)
    return tuple(
        str(uuid.UUID(bytes=alike + os.urandom(_OTHER_BYTES), version=4)) for _ in range(number)
    )
