"""The control plane on loopback behaves as a cloud: the services are real."""

import base64

import pytest
from openstack import exceptions

from .conftest import until

pytestmark = [
    pytest.mark.openstack,
    # The first test may have to install and to start everything.
    pytest.mark.timeout(600),
    # The SDK announces future removals at every connection and resource, whoever causes them.
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]

USER_DATA = "#!/bin/sh\necho hello from the user data\n"


def wait_active(tenant, server):
    return tenant.compute.wait_for_server(server, interval=0.2, wait=60)


def wait_error(tenant, server):
    def failed():
        current = tenant.compute.get_server(server.id)
        return current if current.status == "ERROR" and not current.task_state else None

    return until(failed).fault["message"]


def test_server_lives_from_create_to_404(tenant, create_server, port, name):
    server = create_server(
        networks=[{"port": port.id}],
        user_data=base64.b64encode(USER_DATA.encode()).decode(),
        metadata={"task": name},
    )
    server = wait_active(tenant, server)
    assert [address["addr"] for address in server.addresses["public"]] == [
        port.fixed_ips[0]["ip_address"]
    ]
    assert server.metadata == {"task": name}
    assert [found.id for found in tenant.compute.servers(tags=name)] == [server.id]
    assert tenant.network.get_port(port).status == "ACTIVE"
    assert USER_DATA in tenant.compute.get_server_console_output(server)["output"]

    tenant.compute.reboot_server(server, "HARD")
    until(lambda: tenant.compute.get_server(server.id).task_state is None)
    assert tenant.compute.get_server(server.id).status == "ACTIVE"

    tenant.compute.delete_server(server)
    until(lambda: tenant.compute.find_server(server.id) is None)
    with pytest.raises(exceptions.NotFoundException, match="could not be found"):
        tenant.compute.get_server(server.id)
    assert not tenant.network.get_port(port).device_id


def test_impossible_flavor_finds_no_host(tenant, nova_quota, create_server):
    # Otherwise the quota refuses it before the scheduler sees it.
    nova_quota(ram=-1)
    server = create_server(flavor="m1.impossible")
    assert wait_error(tenant, server) == "No valid host was found. "


def test_quota_is_enforced(nova_quota, create_server):
    nova_quota(ram=100)
    with pytest.raises(exceptions.ForbiddenException) as refusal:
        create_server()
    assert refusal.value.details.startswith("Quota exceeded for ram: Requested 512")


def test_disk_image_larger_than_the_flavor_is_refused(create_server):
    with pytest.raises(exceptions.BadRequestException, match="Flavor's disk is smaller"):
        create_server(disk_image="huge-disk")


def test_aborted_build_tells_its_reason(tenant, create_server):
    server = create_server(metadata={"fake_spawn_error": "abort"})
    message = wait_error(tenant, server)
    assert message == f"Build of instance {server.id} aborted: asked for by fake_spawn_error"


def test_failed_deployment_exhausts_all_hosts(tenant, create_server):
    server = create_server(metadata={"fake_spawn_error": "deploy"})
    assert wait_error(tenant, server).startswith("Exceeded maximum number of retries.")


def test_failed_delete_succeeds_when_repeated(tenant, create_server):
    server = wait_active(tenant, create_server(metadata={"fake_destroy_error_once": "yes"}))
    tenant.compute.delete_server(server)
    assert wait_error(tenant, server).startswith("Failed to terminate instance")
    tenant.compute.delete_server(server)
    until(lambda: tenant.compute.find_server(server.id) is None)


def test_slow_spawn_stays_in_build(tenant, create_server):
    server = create_server(metadata={"fake_spawn_seconds": "1.5"})
    until(lambda: tenant.compute.get_server(server.id).task_state == "spawning")
    wait_active(tenant, server)


def test_floating_ip_reaches_a_port(tenant, port):
    external = tenant.network.find_network("external", ignore_missing=False)
    floating_ip = tenant.network.create_ip(floating_network_id=external.id, port_id=port.id)
    try:
        assert floating_ip.floating_ip_address.startswith("198.51.100.")
        assert floating_ip.fixed_ip_address == port.fixed_ips[0]["ip_address"]
    finally:
        tenant.network.delete_ip(floating_ip)
    assert tenant.network.find_ip(floating_ip.id) is None


@pytest.mark.parametrize(
    ("disk_image", "username", "cloud_init"),
    [("cirros-like", "cirros", "false"), ("ubuntu-24.04", "ubuntu", "true")],
)
def test_disk_images_describe_themselves(tenant, disk_image, username, cloud_init):
    properties = tenant.image.find_image(disk_image, ignore_missing=False).properties
    assert properties["slices_default_username"] == username
    assert properties["slices_cloud_init"] == cloud_init
