"""What a caller may see of an experiment's items: resources, tasks and links alike."""

from __future__ import annotations

from typing import TypeVar

from chalicelib.domain.links import Link
from chalicelib.domain.permissions import Principal, may_see
from chalicelib.domain.resources import Resource
from chalicelib.domain.tasks import Task
from chalicelib.services.ports import Page

ItemT = TypeVar("ItemT", Resource, Task, Link)


def sees(principal: Principal, item: Resource | Task | Link) -> bool:
    """Say whether the item exists for the caller."""
    return may_see(
        principal,
        project_id=item.project_id,
        experiment_id=item.experiment_id,
        owner_id=item.owner_id,
    )


def visible(principal: Principal, page: Page[ItemT]) -> Page[ItemT]:
    """Return what the caller may see of a page; a foreign page shows no next one either."""
    items = tuple(item for item in page.items if sees(principal, item))
    return Page(items, page.cursor if items else None)
