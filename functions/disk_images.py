"""/disk-images: what resources are made from."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.calls import Call
from chalicelib.api.operations.catalog import (
    ADD_DISK_IMAGE,
    DELETE_DISK_IMAGE,
    LIST_DISK_IMAGES,
    SHOW_DISK_IMAGE,
)
from chalicelib.api.pagination import page_of
from chalicelib.api.present.catalog import disk_image_answer, new_disk_image
from chalicelib.api.replies import Reply
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.catalog import DiskImageBody
from chalicelib.api.schemas.queries import CatalogQuery, NoQuery, StrictQuery
from chalicelib.api.scope import identifier
from chalicelib.domain.catalog import DiskImage
from chalicelib.domain.ids import IdKind
from chalicelib.services import catalog
from functions.wiring import router

blueprint = Blueprint(__name__)
route = router(blueprint)

_NOUN = "disk image"


@route.bind(LIST_DISK_IMAGES)
def list_disk_images(call: Call[CatalogQuery, NoBody]) -> Reply:
    """List the disk images on offer."""
    entries = catalog.list_entries(
        call.backend, call.principal, DiskImage, with_hidden=call.query.hidden
    )
    page = page_of(entries, call.query.limit, call.query.cursor)
    return Reply([disk_image_answer(entry) for entry in page.items], next_cursor=page.cursor)


@route.bind(ADD_DISK_IMAGE)
def add_disk_image(call: Call[StrictQuery, DiskImageBody]) -> Reply:
    """Add a disk image by hand."""
    entry = new_disk_image(call.body, call.backend)
    return Reply(disk_image_answer(catalog.add_entry(call.backend, call.principal, entry)))


@route.bind(SHOW_DISK_IMAGE)
def show_disk_image(call: Call[NoQuery, NoBody]) -> Reply:
    """Show a disk image, hidden or not."""
    entry_id = identifier(call.path("id"), IdKind.DISK_IMAGE, _NOUN)
    entry = catalog.get_entry(call.backend, call.principal, DiskImage, entry_id, _NOUN)
    return Reply(disk_image_answer(entry))


@route.bind(DELETE_DISK_IMAGE)
def delete_disk_image(call: Call[NoQuery, NoBody]) -> Reply:
    """Take a disk image off the offer."""
    entry_id = identifier(call.path("id"), IdKind.DISK_IMAGE, _NOUN)
    entry = catalog.delete_entry(call.backend, call.principal, DiskImage, entry_id, _NOUN)
    return Reply(disk_image_answer(entry))
