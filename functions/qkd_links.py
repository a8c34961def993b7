"""/qkd-links: the site's physical QKD links and their time series, from what telemetry stored."""

from __future__ import annotations

from datetime import timedelta

from chalice.app import Blueprint

from chalicelib.api.calls import Call
from chalicelib.api.operations.links import LIST_QKD_LINKS, SHOW_QKD_LINK, SHOW_SAMPLES
from chalicelib.api.pagination import encode_cursor, time_of_cursor
from chalicelib.api.present.links import qkd_link_answer
from chalicelib.api.present.samples import samples_answer, samples_csv
from chalicelib.api.replies import Reply
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.queries import NoQuery, SamplesQuery
from chalicelib.services import view_links
from chalicelib.services.view_samples import SeriesQuery, read_samples
from functions.wiring import router

blueprint = Blueprint(__name__)
route = router(blueprint)


@route.bind(LIST_QKD_LINKS)
def list_qkd_links(call: Call[NoQuery, NoBody]) -> Reply:
    """List the QKD links."""
    found = view_links.list_qkd_links(call.backend, call.principal)
    return Reply([qkd_link_answer(link) for link in found])


@route.bind(SHOW_QKD_LINK)
def show_qkd_link(call: Call[NoQuery, NoBody]) -> Reply:
    """Show a QKD link."""
    link = view_links.get_qkd_link(call.backend, call.principal, call.path("id"))
    return Reply(qkd_link_answer(link))


@route.bind(SHOW_SAMPLES)
def show_samples(call: Call[SamplesQuery, NoBody]) -> Reply:
    """Show a QKD link's time series."""
    query = call.query
    wanted = SeriesQuery(
        begin=query.begin,
        end=query.end,
        step=timedelta(seconds=query.step) if query.step else None,
        limit=query.limit,
        resume_at=time_of_cursor(query.cursor) if query.cursor else None,
    )
    series = read_samples(call.backend, call.principal, call.path("id"), wanted)
    cursor = encode_cursor(series.next_at.isoformat()) if series.next_at else None
    if query.format == "csv":
        text = samples_csv(series)
        return Reply(text, media_type="text/csv; charset=utf-8", next_cursor=cursor)
    return Reply(samples_answer(series, cursor), next_cursor=cursor)
