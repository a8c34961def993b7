"""The adapter sends what the SDK's own services would: path, query, headers and body alike."""

import base64
import json
from contextlib import suppress

import openstack
import pytest
from openstack.exceptions import HttpException
from requests.adapters import HTTPAdapter

from chalicelib.domain.errors import CloudRefused
from tests.integration.compute.conftest import USER_DATA, World

NOWHERE = "6dcb2fcb-3428-437f-b0ea-18bc13f9f247"
# Who asks, for whom and with which token is the session's; keys may come in another order.
NOT_COMPARED = {"User-Agent", "X-Auth-Token", "X-Openstack-Request-Id", "Content-Length"}


@pytest.fixture
def sent(monkeypatch):
    """What was sent, logins and discovery included; the answers are the simulator's."""
    requests_seen = []
    send = HTTPAdapter.send

    def note(self, request, *args, **options):
        headers = {name: request.headers[name] for name in request.headers.keys() - NOT_COMPARED}
        body = json.loads(request.body) if request.body else None
        requests_seen.append((request.method, request.url, headers, body))
        return send(self, request, *args, **options)

    monkeypatch.setattr(HTTPAdapter, "send", note)
    return requests_seen


def create_server(sdk, spec, infra_id):
    disk_image = sdk.image.find_image(spec.disk_image_ref)
    flavor = sdk.compute.find_flavor(spec.flavor_ref)
    sdk.compute.create_server(
        name=spec.name,
        image_id=disk_image.id,
        flavor_id=flavor.id,
        networks=[{"port": NOWHERE}],
        config_drive=True,
        user_data=base64.b64encode(USER_DATA).decode(),
        metadata={"resource_id": "r", "task_id": spec.task_id, "attempt": "1"},
        tags=["r", f"slices-bi:{infra_id}"],
    )


def create_port(sdk, infra_id):
    network = sdk.network.find_network("lab")
    sdk.network.create_port(
        network_id=network.id, name="r-0", description=f"slices-bi:{infra_id} r"
    )


def create_floating_ip(sdk, infra_id):
    network = sdk.network.find_network("external")
    sdk.network.create_ip(
        floating_network_id=network.id, port_id=NOWHERE, description=f"slices-bi:{infra_id} r"
    )


def pairs(world):
    """What the adapter is asked, and what of the SDK's services it stands for."""
    compute, catalog, infra_id = world.compute, world.catalog, world.infra_id
    spec = world.spec("r", [NOWHERE])
    description = f"slices-bi:{infra_id} r"
    return {
        "find servers": (
            lambda: compute.find_servers("r"),
            lambda sdk: list(sdk.compute.servers(details=True, tags="r")),
        ),
        "create a server": (
            lambda: compute.create_server(spec),
            lambda sdk: create_server(sdk, spec, infra_id),
        ),
        "delete a server": (
            lambda: compute.delete_server(NOWHERE),
            lambda sdk: sdk.compute.delete_server(NOWHERE),
        ),
        "reboot a server": (
            lambda: compute.reboot_server(NOWHERE),
            lambda sdk: sdk.compute.reboot_server(NOWHERE, "HARD"),
        ),
        "open a console": (
            lambda: compute.console_url(NOWHERE),
            lambda sdk: sdk.compute.create_console(NOWHERE, "novnc", "vnc"),
        ),
        "find ports": (
            lambda: compute.find_ports("r"),
            lambda sdk: list(sdk.network.ports(description=description)),
        ),
        "all ports": (compute.all_ports, lambda sdk: list(sdk.network.ports())),
        "create a port": (
            lambda: compute.create_port("r", "lab", 0),
            lambda sdk: create_port(sdk, infra_id),
        ),
        "delete a port": (
            lambda: compute.delete_port(NOWHERE),
            lambda sdk: sdk.network.delete_port(NOWHERE),
        ),
        "all floating IPs": (compute.all_floating_ips, lambda sdk: list(sdk.network.ips())),
        "create a floating IP": (
            lambda: compute.create_floating_ip("r", NOWHERE),
            lambda sdk: create_floating_ip(sdk, infra_id),
        ),
        "delete a floating IP": (
            lambda: compute.delete_floating_ip(NOWHERE),
            lambda sdk: sdk.network.delete_ip(NOWHERE),
        ),
        "disk images": (catalog.disk_images, lambda sdk: list(sdk.image.images())),
        "flavors": (catalog.flavors, lambda sdk: list(sdk.compute.flavors(details=True))),
        "networks": (catalog.networks, lambda sdk: list(sdk.network.networks())),
        "limits": (catalog.limits, lambda sdk: sdk.compute.get_limits()),
    }


@pytest.mark.parametrize("what", pairs(World.new()))
def test_a_call_sends_what_the_sdks_own_services_would(simulator, sent, what):
    assert simulator
    world = World.new()
    ours, theirs = pairs(world)[what]
    with suppress(CloudRefused):
        ours()
    by_us = sent.copy()
    sent.clear()
    with openstack.connect(cloud="slices") as sdk, suppress(HttpException):
        theirs(sdk)
    assert by_us == sent
    assert len(by_us) > 2  # a login and discovery come first
    world.clean_up()
