"""Passwords, application credentials, tokens and other people's projects."""

import json

import pytest
from keystoneauth1.exceptions import NotFound, Unauthorized
from openstack import exceptions

from tests.integration.simulator.support import Tenant, connect, count

REFUSED = "The request you have made requires authentication."


def test_application_credential_signs_in(clouds_yaml):
    connection = connect(clouds_yaml, "slices-app")

    assert {one.name for one in connection.network.networks()} == {"public", "lab", "external"}
    connection.close()


@pytest.mark.parametrize(
    ("cloud", "field"),
    [
        ("slices", "password"),
        ("slices", "project_name"),
        ("slices-app", "application_credential_secret"),
    ],
)
def test_wrong_credentials_are_a_401_that_tells_nothing(clouds_yaml, cloud, field):
    clouds = json.loads(clouds_yaml.read_text())
    clouds["clouds"][cloud]["auth"][field] = "wrong"
    clouds_yaml.write_text(json.dumps(clouds))
    connection = connect(clouds_yaml, cloud)

    with pytest.raises(Unauthorized, match=REFUSED):
        list(connection.compute.flavors())
    connection.close()


def test_expired_tokens_are_renewed_by_the_client(simulator, tenant):
    tokens = count(simulator, "POST", "/identity/v3/auth/tokens")
    simulator.expire_tokens()

    assert len(list(tenant.compute.flavors())) == 5
    assert count(simulator, "POST", "/identity/v3/auth/tokens") == tokens + 1


def test_garbage_token_is_not_recognized(clouds_yaml, simulator):
    clouds = json.loads(clouds_yaml.read_text())
    auth = {"auth_url": simulator.auth_url, "token": "garbage", "project_name": "slices"}
    clouds["clouds"]["token"] = {
        "auth_type": "v3token",
        "region_name": "RegionOne",
        "auth": {**auth, "project_domain_id": "default"},
    }
    clouds_yaml.write_text(json.dumps(clouds))
    connection = connect(clouds_yaml, "token")

    with pytest.raises(NotFound, match="Could not recognize Fernet token"):
        list(connection.compute.flavors())
    connection.close()


def test_other_projects_are_closed(simulator, tenant, clouds_yaml):
    other = simulator.add_account("other", "other")
    clouds = json.loads(clouds_yaml.read_text())
    auth = clouds["clouds"]["slices"]["auth"]
    auth.update(username="other", project_name="other", password=other.password)
    clouds_yaml.write_text(json.dumps(clouds))
    stranger = Tenant(connect(clouds_yaml))
    server = tenant.create()
    port = tenant.create_port()

    with pytest.raises(exceptions.ForbiddenException) as refused:
        stranger.compute.get_server(server.id)

    assert refused.value.details == (
        "Policy doesn't allow os_compute_api:servers:show to be performed."
    )
    assert not list(stranger.compute.servers())
    assert stranger.network.find_port(port.id) is None
    stranger.connection.close()


def test_secrets_are_new_each_time_and_private(simulator, clouds_yaml):
    assert clouds_yaml.stat().st_mode & 0o077 == 0
    assert simulator.account.password not in repr(simulator.account)
    assert simulator.account.application_credential_secret not in repr(simulator.account)
