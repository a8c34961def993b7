"""The environment in which the app runs locally."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from chalicelib.domain.tokens import TokenKind
from infra.local.aws import REGION
from infra.local.issuer import ADMIN_USER_NAME, Issuer
from infra.local.issuer.identities import user_id
from infra.local.workflows import STATE_MACHINE_ARN_PREFIX

INFRA_ID = "tld-city-bp1"

# Shorter waits than a site's: a laptop's cloud builds in seconds. The environment may override.
TUNABLE = {
    "SITE_NAME": "QKD blueprint (local)",
    "POLL_SECONDS": "1",
    "PARK_SECONDS": "3",
    "LEASE_SECONDS": "30",
    "DEFAULT_NETWORK": "public",
    "EXTERNAL_NETWORK": "external",
}
# Seconds between two runs of a schedule; others keep their own rate.
SCHEDULE_SECONDS = {"reconcile": 2.0, "catalog_sync": 60.0, "telemetry": 5.0}
_SCHEDULE_PREFIX = "LOCAL_SECONDS_"


def app_environment(
    issuer: Issuer, public_url: str, clouds_yaml: Path, cloud_name: str
) -> dict[str, str]:
    """Return the variables with which the app runs on this stack's parts."""
    return {
        **{name: os.environ.get(name, value) for name, value in TUNABLE.items()},
        **_trust(issuer, public_url),
        "WEB_OIDC_CLIENT_ID": public_url,
        "WEB_EXPERIMENT_TOKEN_URL": f"{issuer.url}/token",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "INFRA_ID": os.environ.get("INFRA_ID", INFRA_ID),
        "PUBLIC_URL": public_url,
        "STATE_MACHINE_ARN_PREFIX": STATE_MACHINE_ARN_PREFIX,
        "DYNAMODB_URL": "",
        "FUNCTION_NAME_PREFIX": "",
        "ADMIN_USER_IDS": json.dumps([user_id(ADMIN_USER_NAME)]),
        "OPENSTACK_CLOUD": cloud_name,
        "OS_CLIENT_CONFIG_FILE": str(clouds_yaml),
    }


def _trust(issuer: Issuer, audience: str) -> dict[str, str]:
    """Return the settings of an app that trusts this issuer, and nobody else."""
    variables: dict[str, str] = {}
    trusted = {entry["kind"]: entry for entry in issuer.trusted_issuers(audience)}
    for kind in TokenKind:
        entry = trusted[kind.value]
        prefix = f"{kind.upper()}_TOKEN"
        variables[f"{prefix}_ISSUERS"] = json.dumps(entry["issuers"])
        variables[f"{prefix}_AUDIENCES"] = json.dumps(entry.get("audiences", []))
        variables[f"{prefix}_JWKS_URL"] = entry.get("jwks_url", "")
        variables[f"{prefix}_DISCOVERY_URL"] = entry.get("discovery_url", "")
    return variables


def schedule_seconds(rates: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds between two runs of each schedule, shortened for one machine.

    `LOCAL_SECONDS_RECONCILE=10` and the like override.
    """
    return {
        name: float(
            os.environ.get(_SCHEDULE_PREFIX + name.upper(), SCHEDULE_SECONDS.get(name, rate))
        )
        for name, rate in rates.items()
    }


@contextmanager
def applied(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process, and put back what was there at the end of the block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
