"""Credentials from Secrets Manager (moto's), used against a real TLS server and openstacksdk."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.aws_clients import make_client
from chalicelib.adapters.openstack.connection import CloudConnection
from chalicelib.adapters.qkd_agent.transport import SiteTransport
from chalicelib.adapters.secrets.agent_files import MAX_AGE_SECONDS, AgentFiles
from chalicelib.adapters.secrets.cloud_credential import CloudCredential
from chalicelib.adapters.secrets.store import SecretMalformed, SecretUnreadable, read_secret
from chalicelib.domain.errors import CloudCredentialsRefused, CloudUnreachable, SiteUnreachable
from infra.local.aws import local_aws
from tests.integration.qkd_agent.faulty_agent import Certificates, FaultyAgent, http

CREDENTIAL = {
    "auth_url": "https://keystone.lab.example:5000/v3",
    "application_credential_id": "the-id",
    "application_credential_secret": "canary-secret",
}


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with local_aws():
        yield make_client("secretsmanager")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def renewed(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("lab-renewed"))


def agent_secret(certificates):
    files = certificates.files
    names = {"ca_pem": files.ca, "certificate_pem": files.certificate, "key_pem": files.key}
    return json.dumps({name: Path(path).read_text() for name, path in names.items()})


def test_a_secret_that_is_not_there_or_empty_is_unreadable(client):
    with pytest.raises(SecretUnreadable, match="ResourceNotFoundException"):
        read_secret("none", ["a"])
    client.create_secret(Name="empty")
    with pytest.raises(SecretUnreadable, match="empty cannot be read"):
        read_secret("empty", ["a"])


def test_no_answer_is_unreadable(client, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1")
    client.create_secret(Name="s", SecretString="{}")
    with pytest.raises(SecretUnreadable, match="EndpointConnectionError"):
        read_secret("s", [])


def test_every_mistake_is_listed_and_no_value_is_told(client):
    text = json.dumps({"a": "", "b": 7, "c": "canary"})
    client.create_secret(Name="s", SecretString=text)
    with pytest.raises(SecretMalformed) as caught:
        read_secret("s", ["a", "b", "d"])
    for part in ("d is missing", "c is unknown", "a must be a text", "b must be a text"):
        assert part in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("text", ["canary no JSON", '["canary"]'])
def test_what_is_no_object_is_not_quoted(client, text):
    client.create_secret(Name="s", SecretString=text)
    with pytest.raises(SecretMalformed, match="must be a JSON object") as caught:
        read_secret("s", ["a"])
    assert "canary" not in repr(caught.value)
    assert caught.value.__suppress_context__


def test_an_agent_is_called_with_the_secrets_certificate(client, certificates):
    client.create_secret(Name="agents", SecretString=agent_secret(certificates))
    with FaultyAgent(certificates.server_context(), http(b'{"ok": true}')) as agent:
        transport = SiteTransport(agent.url, "kme-a", AgentFiles("agents"))
        assert transport.call("GET", "/x") == {"ok": True}


def test_the_files_are_the_owners_only(client, certificates):
    client.create_secret(Name="agents", SecretString=agent_secret(certificates))
    key = Path(AgentFiles("agents")().key)
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700
    assert key.parent.stat().st_uid == os.getuid()


def test_a_renewed_certificate_is_used_five_minutes_later(client, certificates, renewed):
    client.create_secret(Name="agents", SecretString=agent_secret(certificates))
    now = [0.0]
    files = AgentFiles("agents", clock=lambda: now[0])
    with FaultyAgent(renewed.server_context(), http(b'{"ok": true}')) as agent:
        transport = SiteTransport(agent.url, "kme-a", files)
        with pytest.raises(SiteUnreachable):
            transport.call("GET", "/x")
        before = files()
        client.put_secret_value(SecretId="agents", SecretString=agent_secret(renewed))
        assert files() == before
        now[0] += MAX_AGE_SECONDS
        assert transport.call("GET", "/x") == {"ok": True}
    assert not Path(before.key).exists()


def test_an_unchanged_secret_keeps_files_and_connections(client, certificates):
    client.create_secret(Name="agents", SecretString=agent_secret(certificates))
    now = [0.0]
    files = AgentFiles("agents", clock=lambda: now[0])
    transport = SiteTransport("https://127.0.0.1:1", "kme-a", files)
    before, pool = files(), transport._pooled()
    now[0] += MAX_AGE_SECONDS
    assert transport._pooled() is pool
    assert files() == before
    assert Path(before.key).exists()


def test_without_an_answer_the_old_certificate_stays(client, certificates, caplog):
    client.create_secret(Name="agents", SecretString=agent_secret(certificates))
    now = [0.0]
    files = AgentFiles("agents", clock=lambda: now[0])
    before = files()
    client.put_secret_value(SecretId="agents", SecretString='{"key_pem": "canary"}')
    now[0] += MAX_AGE_SECONDS
    with caplog.at_level(logging.WARNING):
        assert files() == before
    assert "stays as it was" in caplog.text
    assert "canary" not in caplog.text


def test_without_any_certificate_the_site_is_unreachable(client):
    with pytest.raises(SiteUnreachable, match="No certificate for the QKD agents"):
        AgentFiles("none", client=client)()


def test_openstacksdk_gets_the_credential_and_nothing_else(client, monkeypatch, tmp_path):
    monkeypatch.setenv("OS_USERNAME", "somebody-else")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "none.yaml"))
    secret = CREDENTIAL | {"region_name": "lab", "interface": "internal", "ca_pem": "the CA"}
    client.create_secret(Name="cloud", SecretString=json.dumps(secret))
    connection = CloudConnection(CloudCredential("cloud"))
    with connection.call() as cloud:
        config = cloud.config
    auth = config.get_auth()
    assert type(auth).__name__ == "ApplicationCredential"
    assert auth.auth_url == CREDENTIAL["auth_url"]
    (method,) = auth.auth_methods
    assert method.application_credential_secret == CREDENTIAL["application_credential_secret"]
    assert (config.get_region_name(), config.get_interface()) == ("lab", "internal")
    assert Path(config.config["cacert"]).read_text() == "the CA"
    assert "somebody-else" not in str(config.config)


def test_a_new_credential_is_read_after_the_old_one_failed(client):
    client.create_secret(Name="cloud", SecretString=json.dumps(CREDENTIAL))
    connection = CloudConnection(CloudCredential("cloud"))
    with pytest.raises(CloudCredentialsRefused), connection.call():
        raise CloudCredentialsRefused("refused")
    other = CREDENTIAL | {"application_credential_secret": "new"}
    client.put_secret_value(SecretId="cloud", SecretString=json.dumps(other))
    with connection.call() as cloud:
        (method,) = cloud.config.get_auth().auth_methods
        assert method.application_credential_secret == "new"


def test_no_credential_parks_the_task(client):
    with pytest.raises(CloudUnreachable), CloudConnection(CloudCredential("none")).call():
        pass
    client.create_secret(Name="cloud", SecretString='{"auth_url": "canary"}')
    with (
        pytest.raises(CloudCredentialsRefused, match="application_credential_id is missing") as it,
        CloudConnection(CloudCredential("cloud")).call(),
    ):
        pass
    assert "canary" not in str(it.value)


def test_the_composition_root_takes_secrets_where_they_are_named(client, certificates, monkeypatch):
    client.create_secret(Name="agents", SecretString=agent_secret(certificates))
    site = dict.fromkeys(("control_url", "kme_url", "enrolment_url"), "https://a.example")
    for name, value in {
        "PUBLIC_URL": "https://bi.example",
        "STATE_MACHINE_ARN_PREFIX": "x",
        "QKD_AGENTS": json.dumps([{"name": "kme-a", **site}]),
        "QKD_SECRET_ID": "agents",
        "OPENSTACK_SECRET_ID": "cloud",
    }.items():
        monkeypatch.setenv(name, value)
    bootstrap.reset()
    try:
        assert set(bootstrap.qkd_agents()) == {"kme-a"}
        assert isinstance(bootstrap._cloud_connection()._cloud, CloudCredential)
    finally:
        bootstrap.reset()
