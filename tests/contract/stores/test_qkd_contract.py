"""Links, QKD links and telemetry: what the fakes and DynamoDB promise alike."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from chalicelib.adapters.dynamodb.stores import Stores
from chalicelib.domain.ids import IdKind
from chalicelib.domain.links import Link, LinkEnd, LinkSpec, close_link, order_link_release
from chalicelib.domain.qkd import (
    AgentState,
    Alarm,
    AlarmKind,
    Occurrence,
    Provenance,
    QKDLink,
    Sample,
    Severity,
    book,
    is_booked,
)
from tests.contract.stores.samples import INFRA, NOW, in_threads, new_id
from tests.fakes.qkd import STATE


def make_link(**changes: Any) -> Link:
    ends = tuple(
        LinkEnd(new_id(IdKind.RESOURCE), f"sae-{name}", name, f"https://{name}")
        for name in ("kme-a", "kme-b")
    )
    values: dict[str, Any] = {
        "id": new_id(IdKind.LINK),
        "infra_id": INFRA,
        "project_id": new_id(IdKind.PROJECT),
        "experiment_id": new_id(IdKind.EXPERIMENT),
        "owner_id": None,
        "task_id": new_id(IdKind.TASK),
        "spec": LinkSpec("ab", "qkd", 100, 256),
        "ends": ends,
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=1),
    }
    return Link(**(values | changes))


def make_qkd_link(**changes: Any) -> QKDLink:
    link = QKDLink(str(uuid.uuid4()), f"infra-{uuid.uuid4()}", ("a", "b"), STATE, NOW)
    return replace(link, **changes)


def released(link: Link) -> Link:
    return close_link(order_link_release(link, at=NOW, actor="user"), NOW)


def test_a_link_is_read_back_as_it_was_added(stores: Stores) -> None:
    link = make_link(consumed_bits=2**40, reserved_until=NOW)
    assert stores.links.add(link)
    assert not stores.links.add(replace(link, consumed_bits=1))
    assert stores.links.get(link.id) == link
    assert stores.links.get("link_x_absent") is None


def test_links_of_an_experiment_come_in_pages_without_the_released(stores: Stores) -> None:
    experiment_id = new_id(IdKind.EXPERIMENT)
    links = [make_link(experiment_id=experiment_id) for _ in range(4)]
    for link in links:
        stores.links.add(link)
    stores.links.change(links[1].id, released)
    first = stores.links.in_experiment(experiment_id, 2, None)
    rest = stores.links.in_experiment(experiment_id, 2, first.cursor)
    shown = [link.id for link in (*first.items, *rest.items)]
    assert shown == [links[0].id, links[2].id, links[3].id]
    assert rest.cursor is None


def test_live_links_are_those_that_the_agents_may_know(stores: Stores) -> None:
    kept, gone = make_link(), make_link()
    for link in (kept, gone):
        stores.links.add(link)
    stores.links.change(gone.id, lambda link: order_link_release(link, at=NOW, actor="user"))
    assert {kept.id, gone.id} <= {link.id for link in stores.links.live()}
    stores.links.change(gone.id, released)
    assert gone.id not in {link.id for link in stores.links.live()}


def test_the_qkd_links_of_a_site(stores: Stores) -> None:
    alarm = Alarm(AlarmKind.QBER_HIGH, "x", Severity.MINOR, "the QBER is 5.10 %")
    state = replace(STATE, qber=None, length_km=None)
    link = make_qkd_link(alarms=(alarm,), sampled_until=NOW, state=state)
    other = make_qkd_link()
    assert stores.qkd_links.add(link)
    assert stores.qkd_links.add(other)
    assert stores.qkd_links.of_site(link.infra_id) == (link,)
    assert stores.qkd_links.of_site("nowhere") == ()


def test_bookings_in_a_crowd_never_exceed_the_rate(stores: Stores) -> None:
    link = make_qkd_link()
    stores.qkd_links.add(link)
    booked = in_threads(
        12, lambda n: stores.qkd_links.change(link.id, lambda one: book(one, f"link-{n}", 300))
    )
    winners = [n for n in range(12) if is_booked(booked[n], f"link-{n}")]
    assert len(winners) == 3
    final = stores.qkd_links.get(link.id)
    assert final is not None
    assert final.booked_bit_per_s == 900


def a_sample(seconds: int, **changes: Any) -> Sample:
    at = NOW + timedelta(seconds=seconds)
    sample = Sample(at, 0.0321, 660774.25, 660000.0, 10**9, 2**33, Provenance.EMULATED, ("eve",))
    return replace(sample, **changes)


def test_samples_are_read_by_period_in_order(stores: Stores) -> None:
    link_id, keep = str(uuid.uuid4()), NOW + timedelta(days=30)
    series = [a_sample(n) for n in (3, 1, 2)] + [a_sample(4, qber=None, skr_bit_per_s=None)]
    stores.telemetry.add_samples(link_id, series, keep)
    stores.telemetry.add_samples(link_id, [a_sample(2, stock_bits=7)], keep)
    at = [NOW + timedelta(seconds=n) for n in range(6)]
    found = stores.telemetry.samples(link_id, at[0], at[5], 100)
    assert [sample.at for sample in found] == at[1:5]
    assert found[1].stock_bits == 7
    assert found[3] == series[3]
    assert found[0] == series[1]
    assert stores.telemetry.samples(link_id, at[2], at[4], 100) == found[1:3]
    assert stores.telemetry.samples(link_id, at[0], at[5], 2) == found[:2]
    assert stores.telemetry.samples("x" * 3000, at[0], at[5], 2) == ()


def test_an_agents_state_is_kept(stores: Stores) -> None:
    name = f"kme-{uuid.uuid4()}"
    alarm = Alarm(AlarmKind.REPLAY_SEEN, "sae", Severity.MINOR, "seen")
    state = AgentState(name, NOW, None, 17, (Occurrence(NOW, alarm),))
    assert stores.telemetry.agent(name) is None
    stores.telemetry.put_agent(state)
    assert stores.telemetry.agent(name) == state
    stores.telemetry.put_agent(replace(state, unreachable_since=NOW, occurrences=()))
    assert stores.telemetry.agent(name) == replace(state, unreachable_since=NOW, occurrences=())
