"""Read links, QKD links and their time series; nothing here asks the lab."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.errors import FieldError, InvalidRequest
from chalicelib.domain.links import Link
from chalicelib.domain.permissions import Permission, Principal, not_found, require
from chalicelib.domain.qkd import QKDLink, Sample
from chalicelib.services.backend import Backend
from chalicelib.services.ports import Page
from chalicelib.services.visibility import sees, visible

MAX_SAMPLES = 2000
_USUAL_PERIOD = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SamplePeriod:
    """Samples of a QKD link. `is_cut`: there are more after the last one."""

    link: QKDLink
    samples: tuple[Sample, ...]
    is_cut: bool


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


def read_samples(
    backend: Backend,
    principal: Principal,
    qkd_link_id: str,
    begin: datetime | None,
    end: datetime | None,
) -> SamplePeriod:
    """Return the samples of a period, by default of the last hour; at most MAX_SAMPLES.

    Raises:
        NotFound: there is no such QKD link.
        InvalidRequest: the period ends before it begins.
    """
    link = get_qkd_link(backend, principal, qkd_link_id)
    end = end or backend.clock() + timedelta(seconds=1)
    begin = begin or end - _USUAL_PERIOD
    if begin >= end:
        message = "is not before `to`"
        raise InvalidRequest(f"from {message}.", field_errors=(FieldError("from", message),))
    found = backend.telemetry.samples(qkd_link_id, begin, end, MAX_SAMPLES + 1)
    return SamplePeriod(link, found[:MAX_SAMPLES], len(found) > MAX_SAMPLES)
