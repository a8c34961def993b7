"""The catalog sync's schedule."""

from __future__ import annotations

import logging
from typing import Any

from chalice import Rate
from msgspec import to_builtins

from chalicelib import bootstrap
from chalicelib.services.sync_catalog import sync_catalog
from functions.observed import ObservedBlueprint

blueprint = ObservedBlueprint(__name__)
logger = logging.getLogger(__name__)


@blueprint.schedule(Rate(15, unit=Rate.MINUTES), name="catalog_sync")
def catalog_sync(_event: Any) -> dict[str, Any]:
    """Import the cloud's offer and return what changed."""
    report: dict[str, Any] = to_builtins(
        sync_catalog(bootstrap.backend(), bootstrap.cloud_catalog())
    )
    logger.info("catalog sync: %s", report)
    return report
