"""One line per call to an agent, and the id under which the agent's own log has it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from chalicelib.logs.context import correlation_id
from chalicelib.logs.events import log
from chalicelib.logs.fields import Fields

logger = logging.getLogger(__name__)

CORRELATION_HEADER = "X-Correlation-ID"
_FAILED = 0


class CallLine(Struct):
    """What is known of a call: the headers it carries, and the answer's status once it is there."""

    headers: dict[str, str]
    status: int = _FAILED


@contextmanager
def call_log(agent: str, method: str, path: str) -> Iterator[CallLine]:
    """Write the line of a call when its block ends; the telemetry's many reads are for DEBUG."""
    correlation = correlation_id()
    line = CallLine({CORRELATION_HEADER: correlation} if correlation else {})
    began = time.perf_counter()
    try:
        yield line
    finally:
        fields: Fields = {"agent": agent, "method": method, "path": path.partition("?")[0]}
        if line.status != _FAILED:
            fields["status"] = line.status
        fields["outcome"] = "failed" if line.status == _FAILED else "answered"
        fields["duration_ms"] = round((time.perf_counter() - began) * 1000, 1)
        level = logging.DEBUG if method == "GET" else logging.INFO
        log(logger, level, "call to the QKD agent", **fields)
