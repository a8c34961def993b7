"""Watch the QKD links: states, alarms, time series and consumption, from the agents into the store.

The API reads only what is stored here; it never uses the tunnel.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.errors import SiteError
from chalicelib.domain.links import Link, record_consumption, record_enrolments, record_quality
from chalicelib.domain.qkd import (
    AgentState,
    Alarm,
    AlarmKind,
    Occurrence,
    QKDLink,
    QKDLinkState,
    Severity,
    qber_alarm,
    rate_alarm,
)
from chalicelib.logs.events import log
from chalicelib.metrics import AGENT_UNREACHABLE, QBER, SECRET_KEY_RATE, STORED_KEYS, Metric
from chalicelib.services.backend import Backend
from chalicelib.services.lifecycle.links import reserve
from chalicelib.services.qkd_ports import ObservedLink, ObservedReservation, QKDAgent, QKDAgents
from chalicelib.services.strays import remove_strays

logger = logging.getLogger(__name__)

RETENTION = timedelta(days=30)
_Change = Callable[[QKDLink], QKDLink]
_FIRST_SAMPLES = timedelta(hours=1)
_OCCURRENCE_SHOWN = timedelta(hours=1)
_MOST_EVENT_PAGES = 10
_MOST_OCCURRENCES = 20


class TelemetryReport(Struct, frozen=True):
    """What one run stored; `unreachable` names the agents that did not answer."""

    qkd_links: int = 0
    samples: int = 0
    occurrences: int = 0
    changed_links: int = 0
    strays_removed: int = 0
    unreachable: tuple[str, ...] = ()


class _Reading(Struct, frozen=True):
    """What one agent said in this run; `error` when it said nothing."""

    name: str
    agent: QKDAgent
    state: AgentState
    links: tuple[ObservedLink, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    reservations: tuple[ObservedReservation, ...] = ()
    enrolled: frozenset[str] = frozenset()
    error: str | None = None


def read_telemetry(backend: Backend, agents: QKDAgents) -> TelemetryReport:
    """Read every agent once. Safe at any time, also beside another run."""
    readings = [_read(backend, name, agent) for name, agent in agents.items()]
    known = {link.id: link for link in backend.qkd_links.of_site(backend.settings.infra_id)}
    seen = _store_links(backend, readings, known)
    samples = sum(_store_samples(backend, reading, seen) for reading in readings)
    for reading in readings:
        backend.telemetry.put_agent(reading.state)
        unreachable = {AGENT_UNREACHABLE: float(reading.error is not None)}
        backend.metrics.record(unreachable, Agent=reading.name)
    heard = {observed.id for reading in readings for observed in reading.links}
    for link_id in heard & seen.keys():
        backend.metrics.record(_quality(seen[link_id].state), QKDLink=link_id)
    changed, live = _update_links(backend, agents, readings, seen)
    return TelemetryReport(
        qkd_links=len(seen),
        samples=samples,
        occurrences=sum(len(reading.state.occurrences) for reading in readings),
        changed_links=changed,
        strays_removed=sum(
            remove_strays(backend, one.agent, one.reservations, one.enrolled, live)
            for one in readings
        ),
        unreachable=tuple(reading.name for reading in readings if reading.error),
    )


def _quality(state: QKDLinkState) -> dict[Metric, float]:
    """Return the metrics of a link, as far as its device tells them."""
    known = {
        QBER: state.qber,
        SECRET_KEY_RATE: state.skr_bit_per_s,
        STORED_KEYS: state.stored_key_count,
    }
    return {metric: float(value) for metric, value in known.items() if value is not None}


def _read(backend: Backend, name: str, agent: QKDAgent) -> _Reading:
    now = backend.clock()
    state = backend.telemetry.agent(name) or AgentState(name, now)
    try:
        return _Reading(
            name=name,
            agent=agent,
            state=_read_events(agent, state, now),
            links=agent.links(),
            alarms=agent.alarms(),
            reservations=agent.reservations(),
            enrolled=agent.enrolled(),
        )
    except SiteError as error:
        log(logger, logging.WARNING, "QKD agent not read", agent=name, reason=error.detail)
        down = replace(state, unreachable_since=state.unreachable_since or now)
        return _Reading(name, agent, _without_old(down, now), error=error.detail)


def _read_events(agent: QKDAgent, state: AgentState, now: datetime) -> AgentState:
    """Return the agent's state with the events since the last run, a bounded number of pages."""
    found, cursor = state.occurrences, state.events_cursor
    for _ in range(_MOST_EVENT_PAGES):
        page = agent.events(cursor)
        found, cursor = (*found, *page.occurrences), page.cursor
        if page.is_last:
            break
    read = replace(
        state,
        checked_at=now,
        unreachable_since=None,
        events_cursor=cursor,
        occurrences=found[-_MOST_OCCURRENCES:],
    )
    return _without_old(read, now)


def _without_old(state: AgentState, now: datetime) -> AgentState:
    fresh: tuple[Occurrence, ...] = tuple(
        one for one in state.occurrences if one.at + _OCCURRENCE_SHOWN > now
    )
    return replace(state, occurrences=fresh)


def _store_links(
    backend: Backend, readings: list[_Reading], known: dict[str, QKDLink]
) -> dict[str, QKDLink]:
    """Store the QKD links with their alarms; return them all, also those not heard of now."""
    order = [reading.name for reading in readings]
    stored = dict(known)
    for reading in readings:
        for observed in reading.links:
            if observed.id in stored and observed.id not in known:
                continue  # the other end told of it in this run
            link = known.get(observed.id) or _new_link(backend, reading.name, observed, order)
            backend.qkd_links.add(link)
            stored[observed.id] = link
    return {link.id: _refresh(backend, link, readings) for link in stored.values()}


def _new_link(backend: Backend, name: str, observed: ObservedLink, order: list[str]) -> QKDLink:
    """Return a QKD link whose first end is the agent that is configured first."""
    names = sorted((name, observed.peer), key=lambda one: (one not in order, one != name, one))
    if set(names) <= set(order):
        names.sort(key=order.index)
    return QKDLink(
        id=observed.id,
        infra_id=backend.settings.infra_id,
        ends=(names[0], names[1]),
        state=observed.state,
        updated_at=backend.clock(),
    )


def _refresh(backend: Backend, link: QKDLink, readings: list[_Reading]) -> QKDLink:
    """Store the newest state of a link, by its first end that answers, and all its alarms."""
    near = [reading for reading in readings if reading.name in link.ends]
    near.sort(key=lambda reading: link.ends.index(reading.name))
    observed = [one for reading in near for one in reading.links if one.id == link.id]
    alarms = _alarms_of(link, near, observed)
    now = backend.clock()

    def change(current: QKDLink) -> QKDLink:
        if observed:
            current = replace(current, state=observed[0].state, updated_at=now)
        return replace(current, alarms=alarms)

    return backend.qkd_links.change(link.id, change)


def _alarms_of(
    link: QKDLink, near: list[_Reading], observed: list[ObservedLink]
) -> tuple[Alarm, ...]:
    """Return the link's alarms and those of its two agents, each kind and subject once.

    The agents have thresholds of their own; ours are checked too, on what they report.
    """
    found: dict[tuple[str, str], Alarm] = {}
    for one in observed:
        own = (qber_alarm(link.id, one.state), rate_alarm(link.id, one.state))
        for alarm in (*(alarm for alarm in own if alarm), *one.alarms):
            found.setdefault((alarm.kind, alarm.subject), alarm)
    others = {other.id for reading in near for other in reading.links} - {link.id}
    for reading in near:
        if reading.error:
            text = f"the agent {reading.name} cannot be reached: {reading.error}"
            alarm = Alarm(AlarmKind.TUNNEL_DOWN, reading.name, Severity.MAJOR, text)
            found[alarm.kind, alarm.subject] = alarm
        for alarm in (*reading.alarms, *(one.alarm for one in reading.state.occurrences)):
            if alarm.subject not in others:
                found.setdefault((alarm.kind, alarm.subject), alarm)
    return tuple(found.values())


def _store_samples(backend: Backend, reading: _Reading, links: dict[str, QKDLink]) -> int:
    """Store the new samples of the links whose first end is this agent."""
    count = 0
    for observed in reading.links:
        link = links[observed.id]
        if link.ends[0] != reading.name:
            continue
        now = backend.clock()
        since = link.sampled_until or now - _FIRST_SAMPLES
        try:
            samples = reading.agent.samples(link.id, since)
        except SiteError as error:
            log(
                logger, logging.WARNING, "samples not read",
                agent=reading.name, qkd_link_id=link.id, reason=error.detail,
            )  # fmt: skip
            continue
        fresh = tuple(sample for sample in samples if sample.at > since)
        if not fresh:
            continue
        backend.telemetry.add_samples(link.id, fresh, now + RETENTION)
        last = fresh[-1].at
        # After the samples: a run that dies in between writes them once more.
        backend.qkd_links.change(link.id, _sampled(last))
        count += len(fresh)
    return count


def _sampled(last: datetime) -> _Change:
    return lambda link: replace(link, sampled_until=max(last, link.sampled_until or last))


def _update_links(
    backend: Backend,
    agents: QKDAgents,
    readings: list[_Reading],
    qkd_links: dict[str, QKDLink],
) -> tuple[int, frozenset[str]]:
    """Bring users' links up to date: quality, consumption, enrolments, their end in time.

    Returns how many changed, and which links live.
    """
    changed, live = 0, set()
    consumed: dict[str, int] = {}
    for reading in readings:
        for one in reading.reservations:
            bits = one.consumed_bits + consumed.get(one.application_id, 0)
            consumed[one.application_id] = bits
    enrolled = frozenset().union(*(reading.enrolled for reading in readings))
    for link in backend.links.live():
        now, qkd_link = backend.clock(), qkd_links.get(link.spec.qkd_link_id)
        is_usable = qkd_link is None or qkd_link.is_usable

        def change(current: Link, now: datetime = now, *, is_usable: bool = is_usable) -> Link:
            bits = consumed.get(current.application_id, 0)
            current = record_enrolments(record_consumption(current, bits), enrolled, now)
            return record_quality(current, is_usable=is_usable)

        after = backend.links.change(link.id, change)
        changed += after != link
        live |= {after.id} if after.is_live else set()
        _follow_end(backend, agents, after)
    return changed, frozenset(live)


def _follow_end(backend: Backend, agents: QKDAgents, link: Link) -> None:
    """Tell the agents of an end that has moved since they were told."""
    if not link.is_wanted or link.reserved_until in {None, link.expires_at}:
        return
    try:
        reserve(backend, agents, link)
    except SiteError as error:
        log(
            logger, logging.WARNING, "a link keeps its end for now",
            link_id=link.id, reason=error.detail,
        )  # fmt: skip
