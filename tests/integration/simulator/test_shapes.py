"""The answers have the keys that the real services sent (Nova 34, Neutron 29, Glance 33)."""

import pytest


def keys(words):
    return set(words.split())


SERVER = keys("""
    OS-DCF:diskConfig OS-EXT-AZ:availability_zone OS-EXT-SRV-ATTR:hostname OS-EXT-STS:power_state
    OS-EXT-STS:task_state OS-EXT-STS:vm_state OS-SRV-USG:launched_at OS-SRV-USG:terminated_at
    accessIPv4 accessIPv6 addresses config_drive created description flavor hostId id image
    key_name links locked locked_reason metadata name os-extended-volumes:volumes_attached
    pinned_availability_zone scheduler_hints server_groups status tags tenant_id
    trusted_image_certificates updated user_id
""")
FLAVOR = keys("""
    OS-FLV-DISABLED:disabled OS-FLV-EXT-DATA:ephemeral description disk extra_specs id links name
    os-flavor-access:is_public ram rxtx_factor swap vcpus
""")
DISK_IMAGE = keys("""
    checksum container_format created_at disk_format file id min_disk min_ram name os_hash_algo
    os_hash_value os_hidden owner protected schema self size status stores tags updated_at
    virtual_size visibility
""")
NETWORK = keys("""
    admin_state_up availability_zone_hints availability_zones created_at description id
    ipv4_address_scope ipv6_address_scope mtu name port_security_enabled project_id qinq
    revision_number router:external shared status subnets tags tenant_id updated_at
    vlan_transparent
""")
SUBNET = keys("""
    allocation_pools cidr created_at description dns_nameservers enable_dhcp gateway_ip host_routes
    id ip_version ipv6_address_mode ipv6_ra_mode name network_id project_id revision_number
    router:external service_types subnetpool_id tags tenant_id updated_at
""")
PORT = keys("""
    admin_state_up allowed_address_pairs binding:vnic_type created_at description device_id
    device_owner extra_dhcp_opts fixed_ips id mac_address name network_id port_security_enabled
    project_id revision_number security_groups status tags tenant_id updated_at
""")
TOKEN = {
    "audit_ids", "catalog", "expires_at", "is_domain", "issued_at", "methods", "project", "roles",
    "user",
}  # fmt: skip
VERSION = {"id", "links", "media-types", "status", "updated"}


def shown(tenant, server):
    answer = tenant.compute.get(f"/servers/{server.id}", microversion="2.100")
    assert answer.headers["OpenStack-API-Version"] == "compute 2.100"
    return answer.json()["server"]


def test_server_in_each_state(tenant):
    building = tenant.create()
    assert set(shown(tenant, building)) == SERVER | {"progress"}

    tenant.wait_for(building, "ACTIVE")
    active = shown(tenant, building)
    assert set(active) == SERVER | {"progress", "security_groups"}
    assert set(active["flavor"]) == {
        "vcpus", "ram", "disk", "ephemeral", "swap", "original_name", "extra_specs",
    }  # fmt: skip
    assert set(active["image"]) == {"id", "links", "properties"}
    assert set(active["addresses"]["public"][0]) == {
        "version", "addr", "OS-EXT-IPS:type", "OS-EXT-IPS-MAC:mac_addr",
    }  # fmt: skip

    tenant.compute.delete_server(building.id)
    tenant.wait_for(building, "DELETED")

    failing = tenant.create(flavor_id=tenant.flavors["m1.impossible"])
    tenant.wait_for(failing, "ERROR")
    failed = shown(tenant, failing)
    assert set(failed) == SERVER | {"fault"}
    assert set(failed["fault"]) == {"code", "created", "message"}


def test_created_server(tenant):
    body = {
        "name": "x",
        "flavorRef": tenant.flavors["m1.tiny"],
        "imageRef": tenant.disk_images["cirros-like"],
        "networks": "none",
    }

    answer = tenant.compute.post("/servers", json={"server": body}, microversion="2.100")

    assert answer.status_code == 202
    server = answer.json()["server"]
    assert set(server) == {"OS-DCF:diskConfig", "adminPass", "id", "links", "security_groups"}
    assert answer.headers["Location"].endswith(f"/v2.1/servers/{server['id']}")


@pytest.mark.parametrize(
    ("service", "path", "collection", "expected"),
    [
        ("compute", "/flavors/detail", "flavors", FLAVOR),
        ("network", "/networks", "networks", NETWORK),
        ("network", "/subnets", "subnets", SUBNET),
        ("network", "/ports", "ports", PORT),
    ],
)
def test_records_of_a_list(tenant, connection, service, path, collection, expected):
    tenant.create_port()

    body = getattr(connection, service).get(path).json()

    assert set(body) == {collection}
    assert all(set(record) == expected for record in body[collection])


def test_disk_images(connection):
    body = connection.image.get("/images").json()

    assert set(body) == {"first", "images", "schema"}
    (plain,) = (one for one in body["images"] if one["name"] == "huge-disk")
    assert set(plain) == DISK_IMAGE


def test_versions_and_token(simulator, connection):
    session = connection.session
    origin = simulator.origin

    identity = session.get(simulator.auth_url, authenticated=False).json()["version"]
    compute = session.get(f"{origin}/compute/v2.1", authenticated=False).json()["version"]
    image = session.get(f"{origin}/image", authenticated=False)
    token = session.auth.get_access(session)._data["token"]

    assert set(identity) == VERSION
    assert set(compute) == VERSION | {"version", "min_version"}
    assert (image.status_code, set(image.json()["versions"][0])) == (300, {"id", "links", "status"})
    assert set(token) == TOKEN
    assert {one["type"] for one in token["catalog"]} == {"identity", "image", "compute", "network"}
    assert set(token["catalog"][0]) == {"endpoints", "id", "name", "type"}


@pytest.mark.parametrize(
    ("service", "path", "body"),
    [
        (
            "compute",
            "/servers/nope",
            {"itemNotFound": {"code": 404, "message": "Instance nope could not be found."}},
        ),
        (
            "network",
            "/ports/nope",
            {
                "NeutronError": {
                    "type": "PortNotFound",
                    "message": "Port nope could not be found.",
                    "detail": "",
                }
            },
        ),
    ],
)
def test_errors(connection, service, path, body):
    answer = getattr(connection, service).get(path)

    assert answer.status_code == 404
    assert answer.json() == body


def test_error_of_glance_is_html(connection):
    answer = connection.image.get("/images/nope")

    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert "<h1>404 Not Found</h1>\n  No image found with ID nope<br /><br />" in answer.text


def test_unsupported_microversion_is_a_406(connection):
    headers = {"OpenStack-API-Version": "compute 2.999"}

    answer = connection.compute.get("/servers/detail", headers=headers)

    assert answer.status_code == 406
