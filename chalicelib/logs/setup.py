"""Send every log record of the process through one formatter."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from chalicelib.logs.formats import JsonFormatter, TextFormatter, is_worth_reading

FORMATS = ("json", "text")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_OURS = ("chalicelib", "functions", "infra", "app")


def configure(log_format: str, level: str, infra_id: str, stream: TextIO | None = None) -> None:
    """Replace the process's log handlers by one; safe to call again.

    Other people's libraries are heard from WARNING on: at lower levels they log what they send.

    Args:
        log_format: One of FORMATS.
        level: Least level of this software's own lines, one of LEVELS.
        infra_id: The site, a dimension of every metric.
        stream: Where the lines go; standard output if None.
    """
    handler = logging.StreamHandler(stream or sys.stdout)
    if log_format == "json":
        handler.setFormatter(JsonFormatter(infra_id))
    else:
        handler.setFormatter(TextFormatter())
        handler.addFilter(is_worth_reading)
    logging.getLogger().handlers[:] = [handler]
    logging.getLogger().setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
