"""/flavors: what resources are made from."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.calls import Call
from chalicelib.api.operations.catalog import (
    ADD_FLAVOR,
    DELETE_FLAVOR,
    LIST_FLAVORS,
    SHOW_FLAVOR,
)
from chalicelib.api.pagination import page_of
from chalicelib.api.present.catalog import flavor_answer, new_flavor
from chalicelib.api.replies import Reply
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.catalog import FlavorBody
from chalicelib.api.schemas.queries import CatalogQuery, NoQuery, StrictQuery
from chalicelib.api.scope import identifier
from chalicelib.domain.catalog import Flavor
from chalicelib.domain.ids import IdKind
from chalicelib.services import catalog
from functions.wiring import router

blueprint = Blueprint(__name__)
route = router(blueprint)

_NOUN = "flavor"


@route.bind(LIST_FLAVORS)
def list_flavors(call: Call[CatalogQuery, NoBody]) -> Reply:
    """List the flavors on offer."""
    entries = catalog.list_entries(
        call.backend, call.principal, Flavor, with_hidden=call.query.hidden
    )
    page = page_of(entries, call.query.limit, call.query.cursor)
    return Reply([flavor_answer(entry) for entry in page.items], next_cursor=page.cursor)


@route.bind(ADD_FLAVOR)
def add_flavor(call: Call[StrictQuery, FlavorBody]) -> Reply:
    """Add a flavor by hand."""
    entry = new_flavor(call.body, call.backend)
    return Reply(flavor_answer(catalog.add_entry(call.backend, call.principal, entry)))


@route.bind(SHOW_FLAVOR)
def show_flavor(call: Call[NoQuery, NoBody]) -> Reply:
    """Show a flavor, hidden or not."""
    entry_id = identifier(call.path("id"), IdKind.FLAVOR, _NOUN)
    entry = catalog.get_entry(call.backend, call.principal, Flavor, entry_id, _NOUN)
    return Reply(flavor_answer(entry))


@route.bind(DELETE_FLAVOR)
def delete_flavor(call: Call[NoQuery, NoBody]) -> Reply:
    """Take a flavor off the offer."""
    entry_id = identifier(call.path("id"), IdKind.FLAVOR, _NOUN)
    entry = catalog.delete_entry(call.backend, call.principal, Flavor, entry_id, _NOUN)
    return Reply(flavor_answer(entry))
