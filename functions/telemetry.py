"""The telemetry's schedule."""

from __future__ import annotations

import logging
from typing import Any

from chalice import Rate
from msgspec import to_builtins

from chalicelib import bootstrap
from chalicelib.services.telemetry import read_telemetry
from functions.observed import ObservedBlueprint

blueprint = ObservedBlueprint(__name__)
logger = logging.getLogger(__name__)


@blueprint.schedule(Rate(1, unit=Rate.MINUTES), name="telemetry")
def telemetry(_event: Any) -> dict[str, Any]:
    """Read the agents once and return what was stored."""
    report: dict[str, Any] = to_builtins(
        read_telemetry(bootstrap.backend(), bootstrap.qkd_agents())
    )
    logger.info("telemetry: %s", report)
    return report
