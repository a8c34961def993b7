"""How a record becomes a line: JSON for machines, with metrics; plain text for a console."""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from chalicelib.logs.context import current_scope
from chalicelib.logs.events import FIELDS_ATTRIBUTE, METRICS_ATTRIBUTE, METRICS_LOGGER
from chalicelib.logs.safe import described, sentence
from chalicelib.metrics import NAMESPACE, SITE_DIMENSION, Metric

_ENCODE = json.JSONEncoder(separators=(",", ":"), default=str).encode


class JsonFormatter(logging.Formatter):
    """One JSON object a line; metrics in CloudWatch's embedded metric format.

    Args:
        infra_id: The site, a dimension of every metric.
    """

    def __init__(self, infra_id: str) -> None:
        super().__init__()
        self._infra_id = infra_id

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry: dict[str, Any] = {
            "timestamp": rfc3339(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": sentence(record.getMessage()),
            **_fields(record),
        }
        error = _error(record)
        if error is not None:
            entry |= described(error)
        measured = getattr(record, METRICS_ATTRIBUTE, None)
        if measured is not None:
            entry |= self._embedded(int(record.created * 1000), *measured)
        return _ENCODE(entry)

    def _embedded(
        self, milliseconds: int, values: Mapping[Metric, float], dimensions: Mapping[str, str]
    ) -> dict[str, Any]:
        by_dimensions: defaultdict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
        for metric in values:
            by_dimensions[metric.dimensions].append({"Name": metric.name, "Unit": metric.unit})
        directives = [
            {"Namespace": NAMESPACE, "Dimensions": [[SITE_DIMENSION, *names]], "Metrics": metrics}
            for names, metrics in by_dimensions.items()
        ]
        return {
            "_aws": {"Timestamp": milliseconds, "CloudWatchMetrics": directives},
            SITE_DIMENSION: self._infra_id,
            **dimensions,
            **{metric.name: value for metric, value in values.items()},
        }


class TextFormatter(logging.Formatter):
    """A line for a person; of an exception also the words of other people's libraries.

    For a console on one's own machine: what leaves a machine is JSON.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = _fields(record)
        error = _error(record)
        if error is not None:
            fields |= described(error, with_foreign_words=True)
        places = fields.pop("where", [])
        shown = "".join(f" {name}={value}" for name, value in fields.items())
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = f"{moment} {record.levelname} {record.name}: {sentence(record.getMessage())}{shown}"
        return "\n    at ".join([line, *places])


def is_worth_reading(record: logging.LogRecord) -> bool:
    """Say whether a line says more than metrics: the filter of a person's console."""
    return record.name != METRICS_LOGGER.name


def rfc3339(seconds: float) -> str:
    """Return seconds since 1970 as an RFC 3339 time in UTC, to the millisecond."""
    milliseconds = int(seconds * 1000)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000))
    return f"{moment}.{milliseconds % 1000:03}Z"


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    own: Mapping[str, Any] = getattr(record, FIELDS_ATTRIBUTE, {})
    return {
        name: sentence(value) if isinstance(value, str) else value
        for name, value in {**current_scope(), **own}.items()
    }


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None
