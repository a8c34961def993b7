"""What the deployed functions meet: mock AWS, a simulated OpenStack, real agents, an issuer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from chalicelib.adapters.aws_clients import make_client
from infra.aws.names import AGENT_SECRET, OPENSTACK_SECRET
from infra.aws.rehearsal.mock_aws_server import mock_aws_server
from infra.aws.rehearsal.stack import left_out
from infra.aws.settings import parameter_id, parameter_settings
from infra.local.aws import REGION, local_aws
from infra.local.environment import app_environment, applied
from infra.local.guest import GUESTS_VARIABLE
from infra.local.issuer import Issuer
from infra.local.qkd import QKDLab
from infra.local.simulator import Simulator

# The template knows these; the local stack's own values for them are not used.
_DEPLOYED = {
    "DYNAMODB_URL",
    "FUNCTION_NAME_PREFIX",
    "STATE_MACHINE_ARN_PREFIX",
    "TABLE_PREFIX",
    "WEB_EXPERIMENT_TOKEN_URL",
}
# On AWS these come from the secrets, and so they do here.
_IN_SECRETS = {
    "OPENSTACK_CLOUD",
    "OS_CLIENT_CONFIG_FILE",
    "QKD_AGENT_CA_FILE",
    "QKD_AGENT_CERT_FILE",
    "QKD_AGENT_KEY_FILE",
}
_PLACE = {
    "LabGatewayAddress": "192.0.2.10",  # RFC 5737: an address for documentation
    "LabCidr": "10.99.0.0/16",
    "DynamoDbPrefixList": "pl-00000000",
    "PublicHost": "rehearsal.example.org",
}
_BOOT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class World:
    """The parts, the stack's parameters, and the variables that a mock needs beyond them."""

    issuer: Issuer
    simulator: Simulator
    lab: QKDLab
    parameters: Mapping[str, str]
    overrides: Mapping[str, str]


@contextmanager
def world(public_url: str, state: Path) -> Iterator[World]:
    """Start the parts; stop them at the end.

    Raises:
        RuntimeError: the QKD agents lack what infra/onprem/requirements.in lists.
    """
    with ExitStack() as parts:
        lab = QKDLab(state, state / "guests")
        if not lab.can_run():
            raise RuntimeError("the QKD agents need what infra/onprem/requirements.in lists")
        parts.callback(lab.stop)
        lab.begin()
        simulator = Simulator(boot_seconds=_BOOT_SECONDS)
        simulator.start()
        parts.callback(simulator.stop)
        clouds = simulator.clouds_yaml(state / "clouds.yaml").resolve()
        issuer = parts.enter_context(Issuer(0, audience=public_url))
        variables = app_environment(issuer, public_url, clouds, "slices") | lab.variables()
        here = {
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "rehearsal",
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            GUESTS_VARIABLE: str(lab.guests),
        }
        parts.enter_context(applied(here))
        parts.enter_context(local_aws())
        aws_url = parts.enter_context(mock_aws_server())
        _fill_secrets(clouds, variables)
        lab.wait()
        parameters, overrides = _split(variables)
        overrides |= {
            "AWS_ENDPOINT_URL": aws_url,
            # Lambda itself sets the next four and PATH.
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "rehearsal",
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "PATH": os.defpath,
            # moto joins the letters of a list parameter, not its members.
            "WEB_OIDC_ORIGINS": "",
        }
        yield World(issuer, simulator, lab, _PLACE | parameters, overrides)


def _fill_secrets(clouds_yaml: Path, variables: Mapping[str, str]) -> None:
    """Do what the operator does once; the names are the texts that stand for what was left out."""
    cloud = yaml.safe_load(clouds_yaml.read_text(encoding="utf-8"))["clouds"]["slices-app"]
    openstack = {**cloud["auth"]}
    if "region_name" in cloud:
        openstack["region_name"] = cloud["region_name"]
    members = {"ca_pem": "CA", "certificate_pem": "CERT", "key_pem": "KEY"}
    agents = {
        member: Path(variables[f"QKD_AGENT_{name}_FILE"]).read_text(encoding="ascii")
        for member, name in members.items()
    }
    client = make_client("secretsmanager")
    for name, content in ((OPENSTACK_SECRET, openstack), (AGENT_SECRET, agents)):
        client.create_secret(Name=left_out(name), SecretString=json.dumps(content))


def _split(variables: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what can be a parameter of the stack, and what only loopback needs."""
    ids = {setting.name: parameter_id(setting.name) for setting in parameter_settings()}
    parameters: dict[str, str] = {}
    overrides: dict[str, str] = {}
    for name, value in variables.items():
        if name in ids and not value.startswith("http://"):
            parameters[ids[name]] = value
        elif name not in _DEPLOYED | _IN_SECRETS | {GUESTS_VARIABLE} and name[:4] != "AWS_":
            overrides[name] = value
    return parameters, overrides
