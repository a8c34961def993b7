"""What the adapter makes of a cloud that breaks: nothing sent twice, nothing lost, all in words."""

import gc
import json
import logging
import socket
import threading
import time
import weakref

import pytest
import yaml

from chalicelib.domain.errors import (
    CloudCredentialsRefused,
    CloudOutcomeUnknown,
    CloudRefused,
    CloudUnreachable,
)
from infra.local.simulator import Effect, Fault
from tests.integration.compute.conftest import World, until

CREATE = {"method": "POST", "path": r"/compute/v2\.1/servers$"}


def creates(simulator):
    return [
        one
        for one in simulator.requests
        if (one.method, one.path) == ("POST", "/compute/v2.1/servers")
    ]


_ID = "6dcb2fcb-3428-437f-b0ea-18bc13f9f247"


@pytest.fixture
def configured(simulator, tmp_path, monkeypatch):
    """Change the cloud's entry in clouds.yaml."""

    def change(**entries):
        path = simulator.clouds_yaml(tmp_path / "changed.yaml")
        config = yaml.safe_load(path.read_text())
        config["clouds"]["slices"].update(entries)
        path.write_text(json.dumps(config))
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
        return config["clouds"]["slices"]

    return change


EVERY_RETRY = {
    "connect_retries": 3,
    "status_code_retries": 3,
    **{
        f"{service}_{kind}": 3
        for service in ("compute", "network", "image", "identity")
        for kind in ("connect_retries", "status_code_retries")
    },
}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Effect.STATUS, **CREATE, times=None, status=503),
        Fault(Effect.STATUS, **CREATE, times=None, status=500),
        Fault(Effect.STATUS_AFTER, **CREATE, times=None, status=504),
        Fault(Effect.DROP_BEFORE, **CREATE, times=None),
        Fault(Effect.DROP_AFTER, **CREATE, times=None),
        Fault(Effect.GARBAGE, **CREATE, times=None),
    ],
    ids=lambda fault: f"{fault.effect}-{fault.status}",
)
@pytest.mark.parametrize("retries", [{}, EVERY_RETRY], ids=["plain", "retries-in-clouds-yaml"])
def test_a_create_is_sent_once_and_its_outcome_unknown(simulator, configured, fault, retries):
    configured(**retries)
    world = World.new()
    resource_id = world.resource_id()
    port = world.compute.create_port(resource_id, "public", 0)
    before = len(creates(simulator))
    # The rule is made when tests are collected, and counts its hits.
    rule = simulator.faults.add(Fault(fault.effect, **CREATE, times=None, status=fault.status))
    with pytest.raises(CloudOutcomeUnknown):
        world.compute.create_server(world.spec(resource_id, [port.id]))
    assert len(creates(simulator)) == before + 1
    simulator.faults.remove(rule)
    was_made = fault.effect in {Effect.STATUS_AFTER, Effect.DROP_AFTER, Effect.GARBAGE}
    assert len(world.compute.find_servers(resource_id)) == was_made
    world.clean_up()


@pytest.mark.parametrize("effect", [Effect.DROP_AFTER, Effect.STATUS_AFTER, Effect.GARBAGE])
def test_a_port_and_an_address_whose_answer_was_lost_are_found(simulator, world, effect):
    resource_id = world.resource_id()
    simulator.faults.add(Fault(effect, "POST", "/ports$"))
    with pytest.raises(CloudOutcomeUnknown):
        world.compute.create_port(resource_id, "public", 0)
    (port,) = world.compute.find_ports(resource_id)
    assert [one.id for one in world.compute.all_ports()] == [port.id]
    simulator.faults.add(Fault(effect, "POST", "/floatingips$"))
    with pytest.raises(CloudOutcomeUnknown):
        world.compute.create_floating_ip(resource_id, port.id)
    assert len(world.compute.find_floating_ips(resource_id)) == 1


@pytest.mark.parametrize("effect", [Effect.DROP_AFTER, Effect.STATUS_AFTER])
def test_a_lost_answer_to_a_delete_just_asks_again(simulator, world, effect):
    resource_id, _, server = world.server()
    simulator.faults.add(Fault(effect, "DELETE", "/servers/"))
    with pytest.raises(CloudUnreachable):
        world.compute.delete_server(server.id)
    world.compute.delete_server(server.id)
    until(lambda: not world.compute.find_servers(resource_id))


def test_an_outage_is_told_and_survived(simulator, world):
    resource_id, port, server = world.server()
    outage = simulator.faults.add(Fault(Effect.OUTAGE))
    for ask in (
        lambda: world.compute.find_servers(resource_id),
        lambda: world.compute.find_ports(resource_id),
        lambda: world.compute.delete_server(server.id),
        lambda: world.compute.delete_port(port.id),
        lambda: world.compute.console_url(server.id),
        world.compute.all_servers,
        world.compute.all_floating_ips,
        world.catalog.flavors,
        world.catalog.limits,
        World.new().catalog.disk_images,
        # Login comes first and fails, so that nothing was asked of Nova.
        lambda: World.new().compute.create_server(world.spec(resource_id, [port.id])),
    ):
        with pytest.raises(CloudUnreachable):
            ask()
    simulator.faults.remove(outage)
    assert world.one(resource_id).id == server.id


def test_a_refused_connection_leaves_nothing_in_doubt(configured):
    # Bound but not listening: every connection is refused, and nobody else gets the port.
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        configured(compute_endpoint_override=f"{address}/v2.1", compute_api_version="2")
        world = World.new()
        resource_id = world.resource_id()
        with pytest.raises(CloudUnreachable):
            world.compute.create_server(
                world.spec(resource_id, [], flavor_ref=_ID, disk_image_ref=_ID)
            )


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong"}, {"project_name": "nope"}], ids=["password", "project"]
)
def test_wrong_credentials_are_the_operators_matter(configured, wrong):
    auth = configured()["auth"]
    configured(auth=auth | wrong)
    world = World.new()
    for ask in (
        lambda: world.compute.find_servers("r"),
        lambda: world.compute.create_port("r", "public", 0),
    ):
        with pytest.raises(CloudCredentialsRefused):
            ask()


def test_new_credentials_are_taken_up_without_a_restart(configured):
    auth = configured()["auth"]
    configured(auth=auth | {"password": "wrong"})
    world = World.new()
    with pytest.raises(CloudCredentialsRefused):
        world.compute.find_servers("r")
    configured(auth=auth)
    assert not world.compute.find_servers("r")


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"region_name": "RegionTwo"}, "compute service in RegionTwo region not found"),
        ({"has_compute": False}, "Service 'compute' is disabled"),
        ({"auth": {}}, "settings .* are wrong"),
    ],
)
def test_wrong_settings_are_the_operators_matter(configured, entries, why):
    configured(**entries)
    with pytest.raises(CloudCredentialsRefused, match=why):
        World.new().compute.find_servers("r")


def test_an_unknown_cloud_is_the_operators_matter(simulator, monkeypatch, tmp_path):
    assert simulator
    (tmp_path / "other.yaml").write_text('{"clouds": {"other": {}}}')
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "other.yaml"))
    with pytest.raises(CloudCredentialsRefused):
        World.new().compute.find_servers("r")


def test_an_expired_token_is_renewed_unseen(simulator, world):
    resource_id, _, server = world.server()
    simulator.expire_tokens()
    assert world.one(resource_id).id == server.id


def test_a_change_refused_for_its_token_is_not_in_doubt_when_login_fails(simulator, world):
    resource_id = world.resource_id()
    port = world.compute.create_port(resource_id, "public", 0)
    # By id: a lookup by name would meet the expired token first.
    networks = {one.friendly_name: one.location for one in world.catalog.networks()}
    simulator.expire_tokens()
    simulator.faults.add(Fault(Effect.DROP_BEFORE, "POST", "/auth/tokens$", times=None))
    with pytest.raises(CloudUnreachable):
        world.compute.create_port(resource_id, networks["public"], 1)
    simulator.faults.clear()
    assert [one.id for one in world.compute.find_ports(resource_id)] == [port.id]


def test_no_answer_comes_from_a_cache(simulator, tmp_path, monkeypatch):
    config = yaml.safe_load(simulator.clouds_yaml(tmp_path / "cached.yaml").read_text())
    config["cache"] = {
        "class": "dogpile.cache.memory",
        "expiration_time": 3600,
        "expiration": {"compute.servers": 3600, "compute.servers.detail": 3600},
    }
    (tmp_path / "cached.yaml").write_text(json.dumps(config))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "cached.yaml"))
    mine, same_elsewhere = World.new(), World.new()
    resource_id = mine.resource_id()
    assert not mine.compute.find_servers(resource_id)
    same_elsewhere.server(resource_id)
    assert len(mine.compute.find_servers(resource_id)) == 1
    same_elsewhere.clean_up()


def test_garbage_is_no_answer(simulator, world):
    assert not world.compute.find_servers("r")
    simulator.faults.add(Fault(Effect.GARBAGE, "GET", "/servers/detail"))
    with pytest.raises(CloudUnreachable):
        world.compute.find_servers("r")
    simulator.faults.add(Fault(Effect.GARBAGE, "GET", "/ports"))
    with pytest.raises(CloudUnreachable):
        world.compute.find_ports("r")
    simulator.faults.add(Fault(Effect.GARBAGE, "GET", "/limits"))
    with pytest.raises(CloudUnreachable):
        world.catalog.limits()


def test_a_silent_cloud_is_given_up_in_time(simulator):
    world = World.new(request_seconds=0.3, call_seconds=2.0)
    resource_id = world.resource_id()
    port = world.compute.create_port(resource_id, "public", 0)
    simulator.faults.add(Fault(Effect.DELAY, **CREATE, seconds=20.0))
    started = time.monotonic()
    with pytest.raises(CloudOutcomeUnknown):
        world.compute.create_server(world.spec(resource_id, [port.id]))
    assert time.monotonic() - started < 20.0, "it waited for the answer"
    patient = World.new().compute
    for server in until(lambda: patient.find_servers(resource_id)):
        patient.delete_server(server.id)
    until(lambda: not patient.find_servers(resource_id))
    patient.delete_port(port.id)


def test_the_time_of_a_call_holds_for_all_its_requests(simulator):
    world = World.new(request_seconds=5.0, call_seconds=0.5)
    simulator.faults.add(Fault(Effect.DELAY, "GET", "", times=None, seconds=0.2))
    started = time.monotonic()
    with pytest.raises(CloudUnreachable):
        world.compute.create_server(world.spec("r", []))
    assert time.monotonic() - started < 1.5


def test_the_environment_neither_diverts_nor_blinds(configured, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, "/nonexistent/bundle.pem")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    configured(api_timeout=0.000_001)
    assert not World.new().compute.find_servers("r")


def test_user_data_and_passwords_are_never_logged(world, caplog):
    caplog.set_level(logging.DEBUG)
    resource_id = world.resource_id()
    port = world.compute.create_port(resource_id, "public", 0)
    with pytest.raises(CloudRefused) as refused:
        world.compute.create_server(world.spec(resource_id, [port.id], user_data=b"secret" * 9_000))
    logging.getLogger("test").error("refused", exc_info=refused.value)
    for spec in (b"secret", b"secret" * 2):
        world.server(user_data=spec)
    assert "c2VjcmV0" not in caplog.text
    assert "X-Auth-Token" not in caplog.text


def test_threads_share_one_connection(world):
    resource_ids = [world.resource_id() for _ in range(8)]
    failures = []

    def work(resource_id):
        try:
            world.compute.create_port(resource_id, "public", 0)
            assert len(world.compute.find_ports(resource_id)) == 1
        except Exception as error:  # noqa: BLE001  reported below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in resource_ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert len(list(world.compute.all_ports())) == len(resource_ids)


@pytest.mark.parametrize(
    ("quota", "advice"),
    [
        ({"instances": 0}, "no instances left"),
        ({"cores": 0}, "no virtual CPUs left"),
        ({"ram": 1}, "no memory left"),
    ],
)
def test_the_clouds_own_quota_is_told_in_words(simulator, world, quota, advice):
    resource_id = world.resource_id()
    port = world.compute.create_port(resource_id, "public", 0)
    simulator.set_quota(**quota)
    try:
        with pytest.raises(CloudRefused, match=advice):
            world.compute.create_server(world.spec(resource_id, [port.id]))
    finally:
        simulator.set_quota(instances=20, cores=40, ram=102_400)


def test_long_lists_are_read_to_their_end(simulator, world):
    assert simulator
    resource_id = world.resource_id()
    made = {world.compute.create_port(resource_id, "public", i).id for i in range(12)}
    assert {port.id for port in world.compute.find_ports(resource_id)} == made


def test_a_cloud_that_was_away_is_not_kept_in_memory(simulator):
    world = World.new()
    world.catalog.flavors()
    first = weakref.ref(world.connection._opened)

    simulator.faults.add(Fault(Effect.OUTAGE))
    with pytest.raises(CloudUnreachable):
        world.catalog.flavors()
    simulator.faults.clear()
    world.catalog.flavors()

    gc.collect()
    assert first() is None
