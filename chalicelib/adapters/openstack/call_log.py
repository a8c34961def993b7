"""One line per request to OpenStack, and the ids under which its own logs have it.

The `global request id` that clients may choose (X-Openstack-Request-Id, `req-` and a UUID) is
derived from the task: all services write it into the lines of all calls of that task.
"""

from __future__ import annotations

import logging
import uuid
from urllib.parse import urlsplit

import requests

from chalicelib.domain.ids import decode_suffix, suffix_of
from chalicelib.logs.context import correlation_id, current_scope
from chalicelib.logs.events import log
from chalicelib.logs.fields import Fields

logger = logging.getLogger(__name__)

_READS = frozenset({"GET", "HEAD"})


def global_request_id() -> str | None:
    """Return `req-<UUID>` of the task that is worked on, or of the schedule's run; None without."""
    task_id = current_scope().get("task_id")
    correlation = correlation_id()
    try:
        if task_id is not None:
            return f"req-{decode_suffix(suffix_of(str(task_id)))}"
        return f"req-{uuid.UUID(correlation)}" if correlation else None
    except ValueError:
        return None  # an id of another making: OpenStack then chooses its own


def write_line(
    request: requests.PreparedRequest, response: requests.Response | None, seconds: float
) -> None:
    """Log a request: its path without the query, and what came of it; reads at DEBUG."""
    method = str(request.method)
    fields: Fields = {
        "method": method,
        "path": urlsplit(request.url or "").path,
        "outcome": "failed" if response is None else "answered",
        "duration_ms": round(seconds * 1000, 1),
    }
    openstack_id = global_request_id()
    if openstack_id is not None:
        fields["openstack_request_id"] = openstack_id
    if response is not None:
        fields["status"] = response.status_code
    level = logging.DEBUG if method in _READS else logging.INFO
    log(logger, level, "call to OpenStack", **fields)
