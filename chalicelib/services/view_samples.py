"""Read the time series of QKD links: sample by sample or in steps, a bounded piece at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib.domain.errors import FieldError, InvalidRequest
from chalicelib.domain.permissions import Principal
from chalicelib.domain.qkd import QKDLink
from chalicelib.domain.series import EPOCH, Point, as_points, in_steps, step_begin
from chalicelib.services.backend import Backend
from chalicelib.services.view_links import get_qkd_link

# What one call reads at most, whatever it gives: two to three megabytes of the store.
MAX_SAMPLES = 10_000
DEFAULT_LIMIT = 2000
_USUAL_PERIOD = timedelta(hours=1)
_USUAL_BEGIN = EPOCH + _USUAL_PERIOD  # before it, there is no hour to go back


class SeriesQuery(Struct, frozen=True):
    """What is asked of a QKD link's time series.

    `begin` (by default an hour before `end`) and `end` (by default now) are the period; without
    `step` every sample is a point. At most `limit` points; `resume_at` is where an earlier piece
    ended, and replaces `begin`.
    """

    begin: datetime | None = None
    end: datetime | None = None
    step: timedelta | None = None
    limit: int = DEFAULT_LIMIT
    resume_at: datetime | None = None


class Series(Struct, frozen=True):
    """A piece of a QKD link's time series; `next_at` is where it goes on, None at its end."""

    link: QKDLink
    begin: datetime
    end: datetime
    step: timedelta | None
    points: tuple[Point, ...]
    next_at: datetime | None


def read_samples(
    backend: Backend, principal: Principal, qkd_link_id: str, query: SeriesQuery
) -> Series:
    """Return a piece of the series, oldest first.

    With a step, the period begins where a step does, so that the same step says the same in every
    answer. A step that is longer than what one call reads comes in several points.

    Raises:
        NotFound: there is no such QKD link.
        InvalidRequest: the period ends before it begins.
    """
    link = get_qkd_link(backend, principal, qkd_link_id)
    end = query.end or backend.clock() + timedelta(seconds=1)
    begin = max(query.begin or max(end, _USUAL_BEGIN) - _USUAL_PERIOD, EPOCH)
    if query.step:
        begin = step_begin(begin, query.step)
    if query.resume_at is None and begin >= end:
        message = "is not before `to`"
        raise InvalidRequest(f"from {message}.", field_errors=(FieldError("from", message),))
    points, next_at = _read(backend, qkd_link_id, query.resume_at or begin, end, query)
    if len(points) > query.limit:
        points, next_at = points[: query.limit], points[query.limit].sample.at
    return Series(link, begin, end, query.step, points, next_at)


def _read(
    backend: Backend, qkd_link_id: str, begin: datetime, end: datetime, query: SeriesQuery
) -> tuple[tuple[Point, ...], datetime | None]:
    """Return the whole points of what one call may read, and where to go on."""
    if begin >= end:
        return (), None
    most = MAX_SAMPLES if query.step else min(query.limit, MAX_SAMPLES)
    found = backend.telemetry.samples(qkd_link_id, begin, end, most + 1)
    kept, rest = found[:most], found[most:]
    points = in_steps(kept, query.step) if query.step else as_points(kept)
    if not rest:
        return points, None
    if query.step is None or len(points) == 1:
        return points, rest[0].at
    # The last step may have more samples than were read: it belongs to the next piece.
    return points[:-1], points[-1].sample.at
