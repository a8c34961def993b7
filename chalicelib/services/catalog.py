"""Read and edit the catalog."""

from __future__ import annotations

from chalicelib.domain.catalog import EntryT
from chalicelib.domain.errors import AlreadyExists, FieldError
from chalicelib.domain.permissions import Permission, Principal, not_found, require
from chalicelib.services.backend import Backend


def list_entries(
    backend: Backend, principal: Principal, kind: type[EntryT], *, with_hidden: bool = False
) -> tuple[EntryT, ...]:
    """Return the entries on offer; hidden ones only when asked for."""
    require(principal, Permission.CATALOG_READ)
    entries = backend.catalog.list(kind)
    return tuple(entry for entry in entries if with_hidden or not entry.hidden)


def get_entry(
    backend: Backend, principal: Principal, kind: type[EntryT], entry_id: str, noun: str
) -> EntryT:
    """Return one entry, hidden or not.

    Raises:
        NotFound: there is none.
    """
    require(principal, Permission.CATALOG_READ)
    entry = backend.catalog.get(kind, entry_id)
    if entry is None:
        raise not_found(noun, entry_id)
    return entry


def add_entry(backend: Backend, principal: Principal, entry: EntryT) -> EntryT:
    """Add an entry by hand.

    Raises:
        Forbidden: the caller is not an administrator.
        AlreadyExists: an entry on offer has that name.
    """
    require(principal, Permission.CATALOG_WRITE)
    for other in backend.catalog.list(type(entry)):
        if other.friendly_name == entry.friendly_name and not other.hidden:
            message = f"{entry.friendly_name} already exists ({other.id})."
            raise AlreadyExists(message, field_errors=(FieldError("friendly_name", message),))
    backend.catalog.put(entry)
    return entry


def delete_entry(
    backend: Backend, principal: Principal, kind: type[EntryT], entry_id: str, noun: str
) -> EntryT:
    """Remove an entry from the offer; resources made from it go on.

    A synced entry that the cloud still has comes back with the next sync: hide it in the cloud.

    Raises:
        Forbidden: the caller is not an administrator.
        NotFound: there is none.
    """
    require(principal, Permission.CATALOG_WRITE)
    entry = get_entry(backend, principal, kind, entry_id, noun)
    backend.catalog.delete(kind, entry_id)
    return entry
