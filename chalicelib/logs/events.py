"""Write an event: a constant sentence, named fields, and what is measured with it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Unpack

from chalicelib.logs.context import allowed
from chalicelib.logs.fields import Fields
from chalicelib.metrics import Metric

FIELDS_ATTRIBUTE, METRICS_ATTRIBUTE = "event_fields", "event_metrics"
METRICS_LOGGER = logging.getLogger("chalicelib.metrics")
# Metrics are wanted whatever the level of the lines is.
METRICS_LOGGER.setLevel(logging.INFO)


def log(
    logger: logging.Logger,
    level: int,
    message: str,
    *,
    measured: tuple[Mapping[Metric, float], Mapping[str, str]] | None = None,
    exc_info: bool = False,
    **fields: Unpack[Fields],
) -> None:
    """Log a message with fields; `measured` are metrics and their dimensions, in the same line.

    Raises:
        TypeError: a field's name is not in `Fields`.
    """
    extra = {FIELDS_ATTRIBUTE: allowed(fields), METRICS_ATTRIBUTE: measured}
    if not logger.isEnabledFor(level):
        if measured is None:
            return
        logger, level = METRICS_LOGGER, logging.INFO
    logger.log(level, message, extra=extra, exc_info=exc_info)


class LoggedMetrics:
    """Metrics as log lines in CloudWatch's embedded metric format; no call, no client."""

    def record(self, values: Mapping[Metric, float], **dimensions: str) -> None:
        """Record values taken at this moment.

        Raises:
            TypeError: a metric's dimension has no value.
        """
        missing = {one for metric in values for one in metric.dimensions} - dimensions.keys()
        if missing:
            raise TypeError(f"metrics without {', '.join(sorted(missing))}")
        if values:
            log(METRICS_LOGGER, logging.INFO, "metrics", measured=(values, dimensions))
