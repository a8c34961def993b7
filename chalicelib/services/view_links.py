"""Read links, QKD links and their time series; nothing here asks the lab."""

from __future__ import annotations

from chalicelib.domain.links import Link
from chalicelib.domain.permissions import Permission, Principal, not_found, require
from chalicelib.domain.qkd import QKDLink
from chalicelib.services.backend import Backend
from chalicelib.services.ports import Page
from chalicelib.services.visibility import sees, visible


def get_link(backend: Backend, principal: Principal, link_id: str) -> Link:
    """Return a link.

    Raises:
        NotFound: there is none, or it is foreign.
    """
    require(principal, Permission.RESOURCES_READ)
    link = backend.links.get(link_id)
    if link is None or not sees(principal, link):
        raise not_found("link", link_id)
    return link


def list_links(
    backend: Backend, principal: Principal, experiment_id: str, limit: int, cursor: str | None
) -> Page[Link]:
    """Return a page of an experiment's links; a foreign experiment looks empty."""
    require(principal, Permission.RESOURCES_READ)
    page = backend.links.in_experiment(experiment_id, limit, cursor)
    return visible(principal, page)


def list_qkd_links(backend: Backend, principal: Principal) -> tuple[QKDLink, ...]:
    """Return the site's QKD links; none where there is no QKD."""
    require(principal, Permission.CATALOG_READ)
    if not backend.settings.qkd_sites:
        return ()
    return backend.qkd_links.of_site(backend.settings.infra_id)


def get_qkd_link(backend: Backend, principal: Principal, qkd_link_id: str) -> QKDLink:
    """Return a QKD link.

    Raises:
        NotFound: there is none.
    """
    require(principal, Permission.CATALOG_READ)
    link = backend.qkd_links.get(qkd_link_id) if backend.settings.qkd_sites else None
    if link is None or link.infra_id != backend.settings.infra_id:
        raise not_found("QKD link", qkd_link_id)
    return link
