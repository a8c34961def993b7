"""All that the API can do, as data: routes are bound and OpenAPI is written from OPERATIONS."""

from __future__ import annotations

from typing import Any

from chalicelib.api.operations import (
    catalog,
    documentation,
    links,
    resources,
    site,
    tasks,
    web_page,
)
from chalicelib.api.operations.model import Operation

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    *catalog.OPERATIONS,
    *resources.OPERATIONS,
    *tasks.OPERATIONS,
    *links.OPERATIONS,
    *site.OPERATIONS,
    *documentation.OPERATIONS,
    *web_page.OPERATIONS,
)
