"""Give everything back before the stack ends: VMs in a cloud that lives on would be orphans."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.services.backend import SYSTEM, Backend
from chalicelib.services.release_resource import order

logger = logging.getLogger(__name__)

_REASON = "The local stack was stopped."
_POLL_SECONDS = 0.5


def release_all(
    backend: Backend, seconds: float, reconcile: Callable[[], object]
) -> tuple[Resource, ...]:
    """Order the release of every live resource and wait; return those that are left.

    `reconcile` is called while waiting: it resumes what was parked.
    """
    for resource in backend.resources.live():
        if resource.release is None:
            order(backend, resource, SYSTEM, ResourceStatus.TERMINATED, _REASON)
    deadline = time.monotonic() + seconds
    while left := tuple(backend.resources.live()):
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
        reconcile()
    return left
