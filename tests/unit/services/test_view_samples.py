"""A time series comes in pieces: bounded, and nothing of it lost or told twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from chalicelib.domain.errors import InvalidRequest, NotFound
from chalicelib.domain.qkd import Provenance, Sample
from chalicelib.services import view_samples
from chalicelib.services.telemetry import read_telemetry
from chalicelib.services.view_samples import SeriesQuery, read_samples
from tests.fakes.qkd import QKD_LINK, SITES
from tests.fakes.world import MEMBER, START, World

COUNT = 50
MINUTE = timedelta(minutes=1)
ALL = SeriesQuery(begin=START, end=START + COUNT * MINUTE)


@pytest.fixture
def world():
    """A link with a sample each minute."""
    world = World(qkd_sites=SITES)
    read_telemetry(world.backend, world.lab.agents)
    series = [
        Sample(START + n * MINUTE, 0.03, 1000.0, None, n, 0, Provenance.EMULATED)
        for n in range(COUNT)
    ]
    world.telemetry.add_samples(QKD_LINK, series, START + timedelta(days=30))
    return world


def pieces(world, query):
    """Read to the end."""
    found = [read_samples(world.backend, MEMBER, QKD_LINK, query)]
    while found[-1].next_at is not None:
        assert len(found) <= COUNT
        query = replace(query, resume_at=found[-1].next_at)
        found.append(read_samples(world.backend, MEMBER, QKD_LINK, query))
    return found


@pytest.mark.parametrize(("limit", "expected"), [(7, 8), (COUNT, 1), (COUNT - 1, 2)])
def test_every_sample_comes_once_whatever_the_limit(world, limit, expected):
    found = pieces(world, replace(ALL, limit=limit))
    assert len(found) == expected
    assert [p.sample.stock_bits for piece in found for p in piece.points] == list(range(COUNT))


@pytest.mark.parametrize("most", [7, 11, 12, COUNT, 1000])
@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_steps_are_whole_however_little_one_call_reads(world, monkeypatch, most, limit):
    monkeypatch.setattr(view_samples, "MAX_SAMPLES", most)
    found = pieces(world, replace(ALL, step=6 * MINUTE, limit=limit))
    points = [point for piece in found for point in piece.points]
    assert all(len(piece.points) <= limit for piece in found)
    assert [point.sample_count for point in points] == [6] * 8 + [2]
    assert [point.sample.stock_bits for point in points] == [*range(5, COUNT, 6), COUNT - 1]


def test_a_step_longer_than_one_call_reads_loses_nothing(world, monkeypatch):
    monkeypatch.setattr(view_samples, "MAX_SAMPLES", 4)
    points = [p for piece in pieces(world, replace(ALL, step=6 * MINUTE)) for p in piece.points]
    assert sum(point.sample_count for point in points) == COUNT


def test_a_step_says_the_same_wherever_the_period_begins(world):
    step = 6 * MINUTE
    whole = read_samples(world.backend, MEMBER, QKD_LINK, replace(ALL, step=step))
    later = replace(ALL, begin=START + 8 * MINUTE, step=step)
    part = read_samples(world.backend, MEMBER, QKD_LINK, later)
    assert part.points == whole.points[1:]
    assert part.begin == START + step


def test_the_usual_period_is_the_last_hour(world):
    world.clock.advance(timedelta(minutes=80))
    series = read_samples(world.backend, MEMBER, QKD_LINK, SeriesQuery())
    assert [one.sample.stock_bits for one in series.points] == list(range(21, COUNT))
    assert series.next_at is None


def test_a_period_that_ends_before_it_begins_is_refused(world):
    with pytest.raises(InvalidRequest, match="from"):
        read_samples(world.backend, MEMBER, QKD_LINK, SeriesQuery(begin=START, end=START))


@pytest.mark.parametrize("step", [None, timedelta(seconds=7)])
def test_moments_at_the_ends_of_time_are_harmless(world, step):
    first = datetime(1, 1, 1, tzinfo=UTC)
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    everything = SeriesQuery(begin=first, end=last, step=step)
    found = read_samples(world.backend, MEMBER, QKD_LINK, everything)
    assert sum(point.sample_count for point in found.points) == COUNT
    assert read_samples(world.backend, MEMBER, QKD_LINK, SeriesQuery(end=last)).points == ()
    beyond = SeriesQuery(resume_at=last, step=step)
    assert read_samples(world.backend, MEMBER, QKD_LINK, beyond).points == ()
    for query in (SeriesQuery(begin=last, step=step), SeriesQuery(end=first, step=step)):
        with pytest.raises(InvalidRequest):
            read_samples(world.backend, MEMBER, QKD_LINK, query)


def test_an_unknown_link_has_no_series(world):
    with pytest.raises(NotFound):
        read_samples(world.backend, MEMBER, "other", SeriesQuery())
