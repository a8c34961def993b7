"""The reconciler's schedule."""

from __future__ import annotations

import logging
from typing import Any

from chalice import Rate
from msgspec import to_builtins

from chalicelib import bootstrap
from chalicelib.services.reconcile import reconcile as sweep
from functions.observed import ObservedBlueprint

blueprint = ObservedBlueprint(__name__)
logger = logging.getLogger(__name__)


@blueprint.schedule(Rate(1, unit=Rate.MINUTES), name="reconcile")
def reconcile(_event: Any) -> dict[str, Any]:
    """Run one sweep and return what it did."""
    report: dict[str, Any] = to_builtins(sweep(bootstrap.backend(), bootstrap.compute()))
    logger.info("reconcile: %s", report)
    return report
