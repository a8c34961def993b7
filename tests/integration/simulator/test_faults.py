"""Faults on demand, as openstacksdk and plain HTTP clients meet them."""

import json
import time
import urllib.request

import pytest
from keystoneauth1.exceptions import ConnectFailure
from keystoneauth1.exceptions import ServiceUnavailable as KeystoneUnavailable
from openstack import exceptions

from infra.local.simulator import Effect, Fault
from tests.integration.simulator.support import connect, count

CREATE = r"/compute/v2.1/servers$"


@pytest.mark.parametrize(("effect", "servers"), [(Effect.STATUS, 0), (Effect.STATUS_AFTER, 1)])
@pytest.mark.parametrize("status", [500, 503, 429])
def test_error_before_or_after_the_work(simulator, tenant, effect, servers, status):
    fault = simulator.faults.add(
        Fault(effect, method="POST", path=CREATE, status=status, message="try later")
    )

    with pytest.raises(exceptions.HttpException) as failed:
        tenant.create()

    assert failed.value.status_code == status
    assert failed.value.details == "try later"
    assert len(simulator.snapshot().servers) == servers
    assert fault.hits == 1
    tenant.create()
    assert len(simulator.snapshot().servers) == servers + 1


@pytest.mark.parametrize(("effect", "servers"), [(Effect.DROP_BEFORE, 0), (Effect.DROP_AFTER, 1)])
def test_connection_closed_before_or_after_the_work(simulator, tenant, effect, servers):
    simulator.faults.add(Fault(effect, method="POST", path=CREATE))

    with pytest.raises(ConnectFailure):
        tenant.create()

    assert len(simulator.snapshot().servers) == servers
    assert simulator.requests[-1] == ("POST", "/compute/v2.1/servers", None)


def test_delay(simulator, tenant):
    simulator.faults.add(Fault(Effect.DELAY, path="flavors", seconds=0.3))
    start = time.monotonic()

    list(tenant.compute.flavors())

    assert time.monotonic() - start >= 0.3


def test_garbage(simulator, tenant):
    simulator.faults.add(Fault(Effect.GARBAGE, path=r"/servers/detail$"))

    answer = tenant.compute.get("/servers/detail")

    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_outage_lasts_until_it_is_ended(simulator, tenant):
    fault = simulator.faults.add(Fault(Effect.OUTAGE))

    for call in (
        lambda: list(tenant.compute.servers()),
        lambda: list(tenant.network.ports()),
        tenant.create,
    ):
        with pytest.raises(ConnectFailure):
            call()

    simulator.faults.remove(fault)
    assert not list(tenant.compute.servers())
    assert fault.hits >= 3


def test_keystone_fails_too(simulator, clouds_yaml):
    simulator.faults.add(Fault(Effect.STATUS, path="/auth/tokens", status=503))
    connection = connect(clouds_yaml)

    with pytest.raises(KeystoneUnavailable):
        list(connection.compute.flavors())
    assert len(list(connection.compute.flavors())) == 5
    connection.close()


def test_fault_without_a_count_never_ends(simulator, tenant):
    fault = simulator.faults.add(Fault(Effect.STATUS, path="/limits", times=None))

    for _ in range(3):
        with pytest.raises(exceptions.HttpException):
            tenant.compute.get_limits()

    assert fault.hits == 3
    simulator.faults.clear()
    tenant.compute.get_limits()


def call(simulator, method, path, body=None):
    request = urllib.request.Request(  # noqa: S310  our own simulator
        simulator.origin + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  as above
        raw = answer.read()
    return json.loads(raw) if raw else None


def test_faults_and_reports_over_http(simulator, tenant):
    made = call(simulator, "POST", "/faults", {"effect": "status", "path": CREATE, "status": 503})
    assert made["hits"] == 0

    with pytest.raises(exceptions.HttpException):
        tenant.create()
    port = tenant.create_port()

    assert [one["hits"] for one in call(simulator, "GET", "/faults")["faults"]] == [1]
    snapshot = call(simulator, "GET", "/snapshot")
    assert [one["id"] for one in snapshot["ports"]] == [port.id]
    assert snapshot["servers"] == []
    journal = call(simulator, "GET", "/requests")["requests"]
    assert {"method": "POST", "path": "/compute/v2.1/servers", "status": 503} in journal
    call(simulator, "DELETE", "/faults")
    assert call(simulator, "GET", "/faults") == {"faults": []}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"effect": "nope"},
        {"effect": "status", "bogus": 1},
        {"effect": "status", "times": "1"},
        {"effect": "status", "path": "("},
    ],
)
def test_malformed_faults_are_refused(simulator, body):
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(simulator, "POST", "/faults", body)

    assert refused.value.code == 400
    refused.value.close()


def test_journal_counts_creations(simulator, tenant):
    tenant.create()
    tenant.create()

    assert count(simulator, "POST", "/compute/v2.1/servers") == 2
