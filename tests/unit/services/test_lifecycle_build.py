"""Building a VM: adopt before create, every step repeatable."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.errors import (
    CloudOutcomeUnknown,
    CloudRefused,
    CloudUnreachable,
    LeaseHeld,
    NotFound,
    ReleaseRequested,
    ServerFailed,
)
from chalicelib.domain.resource_leases import take_lease
from chalicelib.services.cloud_ports import ServerStatus
from chalicelib.services.lifecycle.build import (
    check_ready,
    check_server,
    ensure_network,
    ensure_public_address,
    ensure_server,
)
from chalicelib.services.lifecycle.leasing import existing
from chalicelib.services.phone_home import hash_of
from chalicelib.services.release_resource import release_resource
from tests.fakes.world import MEMBER, want
from tests.unit.services.building import run, status_of

ACTIVE, DELETING, ERROR = ServerStatus.ACTIVE, ServerStatus.DELETING, ServerStatus.ERROR
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    "function", [ensure_network, ensure_server, check_server, ensure_public_address]
)
def test_no_step_touches_the_cloud_for_a_resource_that_is_to_go(world, active, function):
    release_resource(world.backend, MEMBER, active.resource_id)
    calls = len(world.compute.calls)
    with pytest.raises(ReleaseRequested):
        run(world, active, function)
    with pytest.raises(ReleaseRequested):
        check_ready(world.backend, active)
    assert len(world.compute.calls) == calls
    assert world.resource().lease is None


@pytest.mark.parametrize("function", [ensure_network, ensure_server, ensure_public_address])
def test_a_step_waits_while_another_runner_has_the_lease(world, active, function):
    minute = world.backend.settings.lease
    world.resources.change(
        active.resource_id, lambda r: take_lease(r, "other", world.clock(), minute)
    )
    calls = len(world.compute.calls)
    with pytest.raises(LeaseHeld):
        run(world, active, function)
    assert len(world.compute.calls) == calls
    assert world.resource().lease.owner == "other"
    world.clock.advance(minute)
    run(world, active, function)
    assert world.resource().lease is None


def test_there_is_no_step_without_a_resource(world):
    with pytest.raises(NotFound):
        existing(world.backend, "r-nope")


class TestNetwork:
    def test_twice_makes_one_port_for_each_network(self, world, step):
        run(world, step, ensure_network, ensure_network)
        assert [p.network_id for p in world.compute.ports.values()] == [
            "neutron-public",
            "neutron-lab",
        ]
        nics = world.resource().network_interfaces
        assert {nic.port_id for nic in nics} == set(world.compute.ports)
        assert nics[0].addresses
        assert status_of(world, "network") == "finished"

    def test_what_is_there_is_adopted_and_surplus_deleted(self, world, step):
        kept = world.compute.create_port(step.resource_id, "neutron-lab", 1)
        world.compute.create_port(step.resource_id, "neutron-lab", 1)
        run(world, step, ensure_network)
        ports = world.compute.ports
        assert kept.id in ports
        assert sorted(p.network_id for p in ports.values()) == ["neutron-lab", "neutron-public"]

    def test_the_servers_port_is_kept_before_a_late_one(self, world, built):
        bound = set(world.compute.ports)
        early = world.compute.create_port(built.resource_id, "neutron-lab", 1)
        world.compute.ports = {early.id: early, **world.compute.ports}
        run(world, built, ensure_network)
        assert set(world.compute.ports) == bound


class TestServer:
    def test_twice_makes_one_server(self, world, built):
        run(world, built, ensure_server)
        assert list(world.compute.servers) == [world.resource().server_id]
        assert world.compute.count("create_server") == 1
        assert status_of(world, "server") == "finished"

    def test_it_is_built_as_asked(self, world, built):
        (spec,) = world.compute.specs
        assert (spec.resource_id, spec.task_id) == (built.resource_id, built.task_id)
        assert (spec.name, spec.attempt) == ("vm", 1)
        assert (spec.disk_image_ref, spec.flavor_ref) == ("glance-ubuntu", "nova-small")
        assert set(spec.port_ids) == set(world.compute.ports)
        assert len(world.resource().phone_home_hashes) == 1

    def test_the_token_that_it_gets_is_stored_as_hash_only(self, world, step):
        secrets = []
        real = world.backend.ids.new_secret
        world.backend.ids.new_secret = lambda: secrets.append(real()) or secrets[-1]
        run(world, step, ensure_server)
        (stored,) = world.resource().phone_home_hashes
        assert stored == hash_of(secrets[1])
        assert secrets[1] not in repr(world.resource())

    def test_one_that_is_there_is_adopted_the_active_one_first(self, world, step):
        for status in (DELETING, ServerStatus.SPAWNING, ACTIVE, ACTIVE):
            world.compute.add_server(step.resource_id, status)
        oldest_active = list(world.compute.servers)[2]
        run(world, step, ensure_server)
        assert list(world.compute.servers) == [oldest_active]
        assert world.resource().server_id == oldest_active
        assert world.compute.count("create_server") == 0

    def test_one_that_vanished_is_not_replaced_by_another(self, world, built):
        world.compute.servers.clear()
        with pytest.raises(ServerFailed, match="deleted in OpenStack"):
            run(world, built, ensure_server)
        assert world.compute.count("create_server") == 1

    def test_a_lost_answer_is_waited_for_before_the_call_is_repeated(self, world, step):
        world.compute.fail("create_server", CloudOutcomeUnknown("lost"))
        for wait in (0, 30, 29):
            world.clock.advance(timedelta(seconds=wait))
            with pytest.raises(CloudOutcomeUnknown):
                run(world, step, ensure_server)
        assert world.compute.count("create_server") == 1
        world.clock.advance(timedelta(seconds=1))
        run(world, step, ensure_server)
        assert [spec.attempt for spec in world.compute.specs] == [2]
        assert len(world.resource().phone_home_hashes) == 2

    def test_a_server_that_appears_after_all_is_adopted(self, world, step):
        world.compute.lose_answer("create_server")
        with pytest.raises(CloudOutcomeUnknown):
            run(world, step, ensure_server)
        run(world, step, ensure_server)
        assert world.compute.count("create_server") == 1
        assert world.resource().create_intent.settled

    @pytest.mark.parametrize("error", [CloudRefused("full"), CloudUnreachable("away")])
    def test_a_call_without_effect_may_be_repeated_at_once(self, world, step, error):
        world.compute.fail("create_server", error)
        with pytest.raises(type(error)):
            run(world, step, ensure_server)
        run(world, step, ensure_server)
        assert len(world.compute.servers) == 1

    def test_a_release_during_the_step_stops_the_call(self, world, step):
        real = world.compute.find_servers

        def find(resource_id):
            found = real(resource_id)
            release_resource(world.backend, MEMBER, resource_id)
            return found

        world.compute.find_servers = find
        with pytest.raises(ReleaseRequested):
            run(world, step, ensure_server)
        assert world.compute.count("create_server") == 0

    def test_a_runner_that_overslept_writes_nothing(self, world, step):
        real = world.compute.create_server

        def create(spec):
            server = real(spec)
            world.clock.advance(world.backend.settings.lease)
            return server

        world.compute.create_server = create
        with pytest.raises(LeaseHeld):
            run(world, step, ensure_server)
        assert world.resource().server_id is None
        run(world, step, ensure_server)
        assert world.resource().server_id in world.compute.servers

    def test_secrets_that_were_dropped_are_not_missed(self, world, step):
        world.tasks.by_id.clear()
        with pytest.raises(NotFound):
            run(world, step, ensure_server)
        assert not world.compute.servers


class TestPublicAddress:
    def test_twice_allocates_one(self, world, active):
        run(world, active, ensure_public_address, ensure_public_address)
        (found,) = world.compute.floating_ips.values()
        assert world.resource().public_ipv4 == found.address
        assert found.port_id == world.resource().network_interfaces[0].port_id

    def test_one_that_is_there_is_adopted_and_surplus_given_back(self, world, active):
        first = world.compute.create_floating_ip(active.resource_id, "port-1")
        world.compute.create_floating_ip(active.resource_id, "port-1")
        run(world, active, ensure_public_address)
        assert list(world.compute.floating_ips) == [first.id]
        assert world.resource().public_ipv4 == first.address

    def test_none_is_allocated_unasked(self, world):
        run(world, world.steps(want()), ensure_public_address)
        assert not world.compute.calls

    def test_none_is_allocated_without_the_lease(self, world, active):
        real = world.compute.find_floating_ips

        def find(resource_id):
            world.clock.advance(world.backend.settings.lease)
            return real(resource_id)

        world.compute.find_floating_ips = find
        with pytest.raises(LeaseHeld):
            run(world, active, ensure_public_address)
        assert not world.compute.floating_ips
