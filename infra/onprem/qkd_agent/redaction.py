"""Structured logs, one JSON object a line, that cannot hold key material.

The agent logs no key on purpose; this is the second fence. Anything in a message or an argument
that looks like a key (a long run of base64 or hex) is replaced before it is written.
"""

import json
import logging
import re
import sys
import time
from typing import Any

_KEY_LIKE = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
# Where a record keeps the members of a call of the control face, which are no free text.
CALL_ATTRIBUTE = "control_call"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _replacement(match: re.Match[str]) -> str:
    text = match.group()
    return text if _UUID.fullmatch(text) else "[redacted]"


def redact(text: str) -> str:
    """Return the text with everything replaced that could be a key, a token or a certificate."""
    return _KEY_LIKE.sub(_replacement, text)


class JsonFormatter(logging.Formatter):
    """One redacted JSON object per record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record; of an exception only its type and message are kept."""
        entry: dict[str, Any] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "logger": record.name.removeprefix("infra.onprem."),
            "message": redact(record.getMessage()),
        }
        entry |= getattr(record, CALL_ATTRIBUTE, {})
        if record.exc_info and record.exc_info[0]:
            entry["error"] = redact(f"{record.exc_info[0].__name__}: {record.exc_info[1]}")
            entry["where"] = self._where(record)
        return json.dumps(entry)

    @staticmethod
    def _where(record: logging.LogRecord) -> list[str]:
        trace = record.exc_info[2] if record.exc_info else None
        places = []
        while trace is not None:
            code = trace.tb_frame.f_code
            places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        return places


def configure_logging(level: str) -> None:
    """Send every log record of the process to standard error, redacted."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
