"""Links in the lifecycle: reserved before the VMs, active when both enrolled, then gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from chalicelib.domain.errors import (
    BandwidthExceeded,
    InvalidRequest,
    NotFound,
    SiteRefused,
    SiteUnreachable,
)
from chalicelib.domain.statuses import LinkStatus, ResourceStatus, TaskStatus
from chalicelib.domain.tasks import StepStatus, TaskAction
from chalicelib.services.acceptance import WORKFLOWS
from chalicelib.services.check_links import WantedLink
from chalicelib.services.cloud_ports import ServerStatus
from chalicelib.services.extend_resource import extend_resource
from chalicelib.services.lifecycle import build
from chalicelib.services.lifecycle.link_release import release_task_links
from chalicelib.services.lifecycle.links import reserve_links
from chalicelib.services.lifecycle.progress import StepInput
from chalicelib.services.reconcile import reconcile
from chalicelib.services.release_link import release_link
from chalicelib.services.release_resource import release_resource
from chalicelib.services.request_resources import would_accept
from chalicelib.services.telemetry import read_telemetry
from tests.fakes import asl
from tests.fakes.asl import Interpreter
from tests.fakes.qkd import QKD_LINK, SITES, make_qkd_link
from tests.fakes.world import CIRROS, MEMBER, START, STRANGER, World, want

LINK = WantedLink("ab", "a", "b", min_bandwidth_bit_per_s=400)
PAIR = (want("a"), want("b"))


@pytest.fixture
def world():
    world = World(qkd_sites=SITES)
    world.qkd_links.add(make_qkd_link(START))
    world.compute.first_status = ServerStatus.ACTIVE
    return world


def accept(world, link=LINK, **changes):
    return world.accept(*PAIR, links=(link,), **changes)


class Guests:
    """Lets each server become active, its VM enrol and phone home, whenever its state is asked."""

    def __init__(self, world, *, enrol=True):
        self._world, self._enrol = world, enrol

    def __getattr__(self, name):
        method = getattr(self._world.compute, name)
        if name == "create_server":
            return lambda spec: self._boot(method(spec), spec)
        return method

    def _boot(self, server, spec):
        self._world.clock.advance(timedelta(seconds=1))
        text = spec.user_data
        assert (b"slices-qkd-enrolment" in text) == bool(self._world.links.by_id)
        if self._enrol:
            self._world.lab.enrol()
        return server


def run(world, task, *, enrol=True, **options):
    compute = Guests(world, enrol=enrol)
    interpreter = Interpreter(
        world.backend, compute, world.clock, agents=world.lab.agents, **options
    )
    interpreter.run(WORKFLOWS[task.action], {"task_id": task.id})


def run_link_release(world):
    """Run the task by which a VM's removal, or a failure, releases the link."""
    (task,) = [t for t in world.tasks.by_id.values() if t.action is TaskAction.DELETE_LINK]
    run(world, task)
    return world.task(task.id)


@pytest.fixture(autouse=True)
def phones(monkeypatch):
    """Count every VM as having phoned home: the enrolment comes before."""
    real = build.check_ready

    def check_ready(backend, step):
        now = backend.clock()
        backend.resources.change(
            step.resource_id, lambda r: r if r.phoned_home_at else replace(r, phoned_home_at=now)
        )
        return real(backend, step)

    monkeypatch.setitem(asl._WITHOUT_COMPUTE, "check_ready", check_ready)


def link_of(world):
    (link,) = world.links.by_id.values()
    return link


def test_acceptance_books_the_bandwidth_and_names_the_ends(world):
    accepted = accept(world)
    (link,) = accepted.links
    assert link == link_of(world)
    assert [end.agent for end in link.ends] == ["kme-a", "kme-b"]
    assert [end.resource_id for end in link.ends] == list(accepted.task.resource_ids)
    assert all(len(end.sae_id) <= 64 for end in link.ends)
    assert all(r.link_ids == (link.id,) for r in world.resources.by_id.values())
    assert world.qkd_links.get(QKD_LINK).booked_bit_per_s == 400
    assert accept(world) == accepted, "repeated"
    assert world.qkd_links.get(QKD_LINK).booked_bit_per_s == 400


def test_a_dry_run_books_nothing(world):
    request = world.request(*PAIR, links=(LINK,))
    checked = would_accept(world.backend, MEMBER, request)
    assert checked.links[0].qkd_link.free_bit_per_s == 1000
    assert checked.links[0].key_size_bits == 256
    assert world.qkd_links.get(QKD_LINK).bookings == ()


def test_more_than_the_expected_rate_is_refused(world):
    with pytest.raises(BandwidthExceeded, match="at most 1000 bit/s would fit") as caught:
        accept(world, replace(LINK, min_bandwidth_bit_per_s=1001))
    assert caught.value.field_errors[0].field == "links[0].min_bandwidth_bit_per_s"
    assert world.tasks.by_id == {}


def test_links_of_one_request_add_up(world):
    second = WantedLink("ba", "b", "a", min_bandwidth_bit_per_s=601)
    with pytest.raises(BandwidthExceeded, match="600 bit/s would fit"):
        world.accept(*PAIR, links=(LINK, second))


def test_a_race_for_the_bandwidth_has_one_winner(world):
    taken = replace(LINK, min_bandwidth_bit_per_s=900)
    request = world.request(*PAIR, links=(taken,))
    real = world.backend.qkd_links.change

    def overtaken(link_id, how):
        world.backend.qkd_links.__dict__.pop("change", None)
        world.accept(want("c"), want("d"), request_id="other", content_hash="other",
                     links=(WantedLink("cd", "c", "d", min_bandwidth_bit_per_s=200),))  # fmt: skip
        return real(link_id, how)

    world.qkd_links.change = overtaken
    with pytest.raises(BandwidthExceeded, match="800 bit/s would fit"):
        world.accept(*request.resources, links=request.links)
    assert world.qkd_links.get(QKD_LINK).booked_bit_per_s == 200
    assert {r.spec.friendly_name for r in world.resources.by_id.values()} == {"c", "d"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": "c"}, "links[0].source"),
        ({"destination": "a"}, "links[0].destination"),
        ({"qkd_link_id": "other"}, "links[0].qkd_link_id"),
        ({"key_size_bits": 100}, "links[0].key_size_bits"),
        ({"key_size_bits": 8}, "links[0].key_size_bits"),
    ],
)
def test_what_is_wrong_is_named(world, changes, field):
    with pytest.raises(InvalidRequest) as caught:
        accept(world, replace(LINK, **changes))
    assert [error.field for error in caught.value.field_errors] == [field]


def test_a_vm_without_cloud_init_cannot_enrol(world):
    with pytest.raises(InvalidRequest, match="cannot enrol"):
        world.accept(want("a", disk_image_id=CIRROS.id), want("b"), links=(LINK,))


def test_a_site_without_qkd_says_so():
    with pytest.raises(InvalidRequest, match="offers no links"):
        accept(World())


def test_before_telemetry_has_seen_a_link_none_can_be_had():
    with pytest.raises(InvalidRequest, match="no QKD link has been seen"):
        accept(World(qkd_sites=SITES))


def test_the_whole_life(world):
    accepted = accept(world)
    run(world, accepted.task)
    assert world.task(accepted.task.id).status is TaskStatus.FINISHED
    link = link_of(world)
    assert link.status is LinkStatus.ACTIVE
    one, other = (agent.applications[link.application_id] for agent in (world.lab.a, world.lab.b))
    assert (one.own_sae_id, one.far_sae_id) == (other.far_sae_id, other.own_sae_id)
    assert world.lab.a.calls.index("reserve") < world.lab.a.calls.index("admit")

    task = release_resource(world.backend, MEMBER, link.ends[0].resource_id)
    run(world, task)
    assert link_of(world).status is LinkStatus.RELEASING
    assert run_link_release(world).status is TaskStatus.FINISHED
    assert link_of(world).status is LinkStatus.RELEASED
    assert world.lab.is_empty
    assert world.qkd_links.get(QKD_LINK).bookings == ()
    assert world.resource(link.ends[1].resource_id).status is ResourceStatus.UP


def test_a_refusal_fails_both_vms_and_leaves_nothing(world):
    accepted = accept(world)
    world.lab.b.refuses = "no such link"
    run(world, accepted.task)
    task = world.task(accepted.task.id)
    assert task.status is TaskStatus.FAILED
    assert "no such link" in task.failure_reason
    run_link_release(world)
    assert link_of(world).status is LinkStatus.FAILED
    assert world.lab.is_empty
    assert world.compute.servers == {}
    assert {r.status for r in world.resources.by_id.values()} == {ResourceStatus.FAILED}
    assert world.qkd_links.get(QKD_LINK).bookings == ()


def test_a_task_parks_while_the_tunnel_is_down_and_resumes_by_itself(world):
    accepted = accept(world)
    world.lab.set_down()
    run(world, accepted.task)
    task = world.task(accepted.task.id)
    assert task.parked_since is not None
    assert any("cannot be reached" in (step.detail or "") for step in task.steps)
    assert world.compute.servers == {}
    world.lab.set_down(is_down=False)
    world.clock.advance(timedelta(minutes=10))
    reconcile(world.backend, world.compute)
    run(world, task)
    assert world.task(task.id).status is TaskStatus.FINISHED
    assert link_of(world).status is LinkStatus.ACTIVE


def test_the_step_is_done_also_when_telemetry_saw_the_enrolments_first(world, monkeypatch):
    accepted = accept(world)
    real = asl.links.activate_links

    def overtaken(backend, agents, task_id):
        read_telemetry(backend, agents)
        assert link_of(world).status is LinkStatus.ACTIVE
        return real(backend, agents, task_id)

    monkeypatch.setattr(asl.links, "activate_links", overtaken)
    run(world, accepted.task)
    task = world.task(accepted.task.id)
    assert task.status is TaskStatus.FINISHED
    assert {step.status for step in task.steps} == {StepStatus.FINISHED}


def test_a_vm_does_not_wait_for_the_tunnel_its_link_does_and_says_so(world):
    accepted = accept(world)
    run(world, accepted.task)
    world.lab.set_down()
    asked = len(world.lab.a.calls)
    task = release_resource(world.backend, MEMBER, accepted.task.resource_ids[0])
    run(world, task)
    assert world.task(task.id).status is TaskStatus.FINISHED
    assert len(world.lab.a.calls) == asked, "a VM's removal asks no agent"
    gone = world.resource(accepted.task.resource_ids[0])
    assert gone.status is ResourceStatus.TERMINATED
    assert gone.id not in world.claims.bookings[gone.project_id]
    assert {s.resource_id for s in world.compute.servers.values()} == {
        accepted.task.resource_ids[1]
    }

    parked = run_link_release(world)
    assert parked.parked_since is not None
    link = link_of(world)
    assert link.status is LinkStatus.RELEASING
    assert "cannot be reached" in link.waiting_reason
    assert world.qkd_links.get(QKD_LINK).booked_bit_per_s == 400, "the agents may hold it still"

    world.lab.set_down(is_down=False)
    world.clock.advance(timedelta(minutes=10))
    assert reconcile(world.backend, world.compute).resumed_tasks == 1
    assert run_link_release(world).status is TaskStatus.FINISHED
    assert link_of(world).status is LinkStatus.RELEASED
    assert link_of(world).waiting_reason is None
    assert world.lab.is_empty


def test_one_site_that_is_down_does_not_protect_the_other(world):
    accepted = accept(world)
    run(world, accepted.task)
    world.lab.a.is_down = True
    run(world, release_link(world.backend, MEMBER, link_of(world).id))
    assert link_of(world).status is LinkStatus.RELEASING
    assert world.lab.b.left == set()


def test_a_failed_build_does_not_wait_for_the_tunnel(world):
    accepted = accept(world)
    world.lab.b.refuses = "no such link"
    first = StepInput(accepted.task.id, accepted.task.resource_ids[0])
    with pytest.raises(SiteRefused):
        reserve_links(world.backend, world.lab.agents, first)
    world.lab.b.is_down = True
    world.lab.a.refuses = "nor here"
    run(world, accepted.task)
    assert world.task(accepted.task.id).status is TaskStatus.FAILED
    assert {r.status for r in world.resources.by_id.values()} == {ResourceStatus.FAILED}
    assert run_link_release(world).parked_since is not None
    world.lab.b.is_down = False
    run_link_release(world)
    assert link_of(world).status is LinkStatus.FAILED
    assert world.lab.is_empty


def test_a_vm_that_does_not_enrol_fails_the_link_and_stays(world):
    accepted = accept(world)
    run(world, accepted.task, enrol=False)
    task = world.task(accepted.task.id)
    assert task.status is TaskStatus.FAILED
    assert "did not enrol" in task.failure_reason
    run_link_release(world)
    assert link_of(world).status is LinkStatus.FAILED
    assert world.lab.is_empty
    assert {r.status for r in world.resources.by_id.values()} == {ResourceStatus.UP}


@pytest.mark.parametrize("overslept", [False, True])
def test_delete_wins_over_a_late_reservation(world, overslept):
    """The release waits for who was at it before; who slept through that cleans up by itself."""
    accepted = accept(world)
    link, step = link_of(world), StepInput(accepted.task.id, accepted.task.resource_ids[0])
    real = world.lab.b.reserve
    seen = []

    def overtaken(reservation):
        task = release_link(world.backend, MEMBER, link.id)
        if overslept:
            world.clock.advance(world.backend.settings.lease)
        seen.append(release_task_links(world.backend, world.lab.agents, task.id)["state"])
        real(reservation)

    world.lab.b.reserve = overtaken
    reserve_links(world.backend, world.lab.agents, step)
    assert seen == ["released" if overslept else "releasing"]
    run_link_release(world)
    assert link_of(world).status is LinkStatus.RELEASED
    assert world.lab.is_empty


def test_a_lost_answer_is_waited_for(world):
    """The agent may act later: the release is complete only after that."""
    accepted = accept(world)
    world.lab.b.is_down = True
    with pytest.raises(SiteUnreachable):
        reserve_links(
            world.backend,
            world.lab.agents,
            StepInput(accepted.task.id, accepted.task.resource_ids[0]),
        )
    world.lab.b.is_down = False
    task = release_link(world.backend, MEMBER, link_of(world).id)
    look = release_task_links(world.backend, world.lab.agents, task.id)
    assert look["state"] == "releasing"
    assert "Another process" in link_of(world).waiting_reason
    world.clock.advance(world.backend.settings.lease)
    look = release_task_links(world.backend, world.lab.agents, task.id)
    assert look["state"] == "released"


def test_a_user_releases_the_link_alone(world):
    accepted = accept(world)
    run(world, accepted.task)
    link = link_of(world)
    with pytest.raises(NotFound):
        release_link(world.backend, STRANGER, link.id)
    task = release_link(world.backend, MEMBER, link.id)
    run(world, task)
    assert world.task(task.id).status is TaskStatus.FINISHED
    assert link_of(world).status is LinkStatus.RELEASED
    assert world.lab.is_empty
    assert release_link(world.backend, MEMBER, link.id).id == task.id


def test_an_extension_of_both_vms_extends_the_link(world):
    accepted = accept(world)
    run(world, accepted.task)
    later = START + timedelta(days=20)
    first, second = accepted.task.resource_ids
    extend_resource(world.backend, MEMBER, first, later)
    assert link_of(world).expires_at == START + timedelta(days=7)
    extend_resource(world.backend, MEMBER, second, later)
    assert link_of(world).expires_at == later


def test_an_agent_that_is_not_configured_any_more_is_named(world):
    accepted = accept(world)
    step = StepInput(accepted.task.id, accepted.task.resource_ids[0])
    with pytest.raises(SiteRefused, match="kme-b is not configured"):
        reserve_links(world.backend, {"kme-a": world.lab.a}, step)


def test_no_secret_of_an_enrolment_is_stored(world):
    accepted = accept(world)
    run(world, accepted.task, enrol=False)
    everything = repr((world.tasks.by_id, world.resources.by_id, world.links.by_id,
                       world.qkd_links.by_id))  # fmt: skip
    assert "token-kme" not in everything


def test_unreachable_is_an_error_that_parks():
    assert SiteUnreachable.http_status == 503
