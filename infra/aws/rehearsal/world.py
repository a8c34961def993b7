"""What the deployed functions meet in the rehearsal: mock AWS over loopback, a simulated OpenStack,
real QKD agents, and an issuer of tokens."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from moto.server import ThreadedMotoServer

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
        lab = QKDLab(state)
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
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        parts.callback(server.stop)
        host, port = server.get_host_and_port()
        lab.wait()
        parameters, overrides = _split(variables)
        overrides |= {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "rehearsal",
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "PATH": os.defpath,
        }
        yield World(issuer, simulator, lab, _PLACE | parameters, overrides)


def _split(variables: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what can be a parameter of the stack, and what only loopback needs."""
    ids = {setting.name: parameter_id(setting.name) for setting in parameter_settings()}
    parameters: dict[str, str] = {}
    overrides: dict[str, str] = {}
    for name, value in variables.items():
        if name in ids and not value.startswith("http://"):
            parameters[ids[name]] = value
        elif name not in _DEPLOYED and not name.startswith("AWS_") and name != GUESTS_VARIABLE:
            overrides[name] = value
    return parameters, overrides
