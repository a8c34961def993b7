"""What telemetry stores, and what it says of users' links."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from chalicelib import metrics
from chalicelib.domain.errors import NotFound, SiteRefused
from chalicelib.domain.links import (
    close_link,
    order_link_release,
    record_enrolments,
    record_reservation,
)
from chalicelib.domain.qkd import Alarm, AlarmKind, Occurrence, Provenance, Sample, Severity
from chalicelib.domain.statuses import LinkStatus
from chalicelib.services.check_links import WantedLink
from chalicelib.services.qkd_ports import EventPage, Reservation
from chalicelib.services.telemetry import read_telemetry
from chalicelib.services.view_links import get_qkd_link, list_qkd_links
from chalicelib.services.view_samples import SeriesQuery, read_samples
from tests.fakes.qkd import QKD_LINK, SITES, STATE
from tests.fakes.world import MEMBER, START, World, want


@pytest.fixture
def world():
    world = World(qkd_sites=SITES)
    read_telemetry(world.backend, world.lab.agents)
    return world


def read(world):
    world.clock.advance(timedelta(minutes=1))
    return read_telemetry(world.backend, world.lab.agents)


def stored(world):
    return world.qkd_links.get(QKD_LINK)


def kinds(world):
    return {(alarm.kind, alarm.severity) for alarm in stored(world).alarms}


@pytest.fixture
def link(world):
    """A link in use."""
    world.accept(want("a"), want("b"), links=(WantedLink("ab", "a", "b"),))
    (link,) = world.links.by_id.values()
    sae_ids = frozenset(end.sae_id for end in link.ends)

    def use(current):
        reserved = record_reservation(current, current.expires_at, START)
        return record_enrolments(reserved, sae_ids, START)

    return world.links.change(link.id, use)


def test_a_link_that_both_agents_report_is_one(world):
    assert list_qkd_links(world.backend, MEMBER) == (stored(world),)
    assert stored(world).ends == ("kme-a", "kme-b")
    assert stored(world).state == STATE
    assert stored(world).alarms == ()


def test_a_site_without_qkd_shows_none(world):
    world.backend = replace(world.backend, settings=replace(world.backend.settings, qkd_sites=()))
    assert list_qkd_links(world.backend, MEMBER) == ()
    with pytest.raises(NotFound):
        get_qkd_link(world.backend, MEMBER, QKD_LINK)


@pytest.mark.parametrize(
    ("qber", "expected"),
    [(0.0499, None), (0.05, Severity.MINOR), (0.0599, Severity.MINOR), (0.06, Severity.MAJOR)],
)
def test_thresholds_of_the_qber(world, qber, expected):
    world.lab.a.state = replace(STATE, qber=qber)
    read(world)
    assert kinds(world) == ({(AlarmKind.QBER_HIGH, expected)} if expected else set())


def test_a_link_without_key_is_an_alarm_and_offers_nothing(world):
    world.lab.a.state = replace(STATE, skr_bit_per_s=0.0, eskr_bit_per_s=0.0)
    read(world)
    assert kinds(world) == {(AlarmKind.SKR_ZERO, Severity.MAJOR)}
    assert stored(world).free_bit_per_s == 0


def test_the_other_end_tells_when_the_first_is_out_of_reach(world, link):
    world.lab.a.is_down = True
    world.lab.b.state = replace(STATE, qber=0.04)
    report = read(world)
    assert report.unreachable == ("kme-a",)
    assert stored(world).state.qber == 0.04
    assert (AlarmKind.TUNNEL_DOWN, Severity.MAJOR) in kinds(world)
    assert world.telemetry.agents["kme-a"].unreachable_since is not None
    world.lab.a.is_down = False
    read(world)
    assert kinds(world) == set()
    assert world.telemetry.agents["kme-a"].unreachable_since is None
    assert world.links.get(link.id).status is LinkStatus.ACTIVE


def test_links_degrade_and_come_back(world, link):
    assert link.status is LinkStatus.ACTIVE
    down = Alarm(AlarmKind.LINK_DOWN, QKD_LINK, Severity.MAJOR, "the link is down")
    world.lab.a.link_alarms = (down,)
    assert read(world).changed_links == 1
    assert world.links.get(link.id).status is LinkStatus.DEGRADED
    assert read(world).changed_links == 0
    world.lab.a.link_alarms = (replace(down, severity=Severity.MINOR),)
    read(world)
    assert world.links.get(link.id).status is LinkStatus.ACTIVE


def test_what_occurred_is_shown_for_an_hour_and_read_once(world):
    seen = Alarm(AlarmKind.REPLAY_SEEN, "sae_x", Severity.MINOR, "a key was asked for twice")
    page = EventPage((Occurrence(world.clock(), seen),), 7, is_last=False)
    world.lab.b.pages = [page, EventPage((), 9, is_last=True)]
    read(world)
    assert kinds(world) == {(AlarmKind.REPLAY_SEEN, Severity.MINOR)}
    assert world.telemetry.agents["kme-b"].events_cursor == 9
    world.clock.advance(timedelta(hours=1))
    read(world)
    assert kinds(world) == set()


def sample(minutes):
    at = START + timedelta(minutes=minutes)
    return Sample(at, 0.033, 1200.0, 1000.0, 5000, 10, Provenance.EMULATED)


def test_samples_are_stored_once_and_in_order(world):
    world.lab.a.series = [sample(n) for n in range(3)]
    world.clock.advance(timedelta(minutes=5))
    assert read(world).samples == 3
    assert read(world).samples == 0
    world.lab.a.series.append(sample(6))
    assert read(world).samples == 1
    series = read_samples(world.backend, MEMBER, QKD_LINK, SeriesQuery())
    assert [one.sample.at.minute for one in series.points] == [0, 1, 2, 6]


def test_consumption_of_both_ends_adds_up_and_never_shrinks(world, link):
    world.lab.a.used = {link.application_id: 256}
    world.lab.b.used = {link.application_id: 512, "somebody else's": 1}
    read(world)
    assert world.links.get(link.id).consumed_bits == 768
    world.lab.b.is_down = True
    read(world)
    assert world.links.get(link.id).consumed_bits == 768


def test_a_moved_end_reaches_the_agents(world, link):
    later = link.expires_at + timedelta(days=1)
    world.links.change(link.id, lambda current: replace(current, expires_at=later))
    read(world)
    assert world.lab.a.applications[link.application_id].expires_at == later
    assert world.links.get(link.id).reserved_until == later


class TestStrays:
    """What an agent keeps of links that have ended."""

    @pytest.fixture
    def stray(self, world, link):
        """The link has ended, and both agents have it again."""
        ordered = order_link_release(link, at=START, actor="tests")
        world.links.change(link.id, lambda _: close_link(ordered, START))
        for agent, end in zip((world.lab.a, world.lab.b), link.ends, strict=True):
            reservation = Reservation(
                link.application_id, QKD_LINK, end.sae_id, "far", 0, link.expires_at
            )
            agent.applications[link.application_id] = reservation
            agent.certified.add(end.sae_id)
        return link

    def test_is_taken_back(self, world, stray):
        assert read(world).strays_removed == len(stray.ends)
        assert world.lab.is_empty
        assert read(world).strays_removed == 0

    def test_waits_for_an_agent_that_does_not_do_it(self, world, stray):
        def refuse(_sae_id):
            raise SiteRefused("not now")

        world.lab.a.revoke = refuse
        assert read(world).strays_removed == 1
        del world.lab.a.revoke
        assert read(world).strays_removed == 1
        assert world.lab.is_empty
        assert stray.ends[0].sae_id not in world.lab.a.certified

    def test_of_others_is_left_alone(self, world, stray):
        theirs = {"their-sae", f"sae_{'0' * 26}_{'0' * 26}"}
        world.lab.a.certified |= theirs
        read(world)
        assert world.lab.a.certified == theirs
        assert stray.ends[1].sae_id not in world.lab.b.certified

    def test_a_link_that_lives_is_none(self, world, link):
        for agent, end in zip((world.lab.a, world.lab.b), link.ends, strict=True):
            agent.certified.add(end.sae_id)
        assert read(world).strays_removed == 0
        assert world.lab.a.certified == {link.ends[0].sae_id}


def test_each_reading_counts_what_links_and_agents_say(world):
    world.metrics.recorded.clear()
    read(world)
    assert world.metrics.of(metrics.AGENT_UNREACHABLE) == [0.0] * len(world.lab.agents)
    state = stored(world).state
    for metric, value in (
        (metrics.QBER, state.qber),
        (metrics.SECRET_KEY_RATE, state.skr_bit_per_s),
        (metrics.STORED_KEYS, state.stored_key_count),
    ):
        assert world.metrics.of(metric) == [value]
        assert world.metrics.dimensions_of(metric) == [{"QKDLink": QKD_LINK}]


def test_a_lab_that_is_away_is_counted_by_agent_and_its_links_have_no_figures(world):
    world.metrics.recorded.clear()
    world.lab.set_down()
    read(world)
    assert world.metrics.of(metrics.AGENT_UNREACHABLE) == [1.0] * len(world.lab.agents)
    assert world.metrics.dimensions_of(metrics.AGENT_UNREACHABLE) == [
        {"Agent": name} for name in world.lab.agents
    ]
    for metric in (metrics.QBER, metrics.SECRET_KEY_RATE, metrics.STORED_KEYS):
        assert world.metrics.of(metric) == []
