"""How clients get in: the clouds.yaml of a running simulator."""

import json
from pathlib import Path

from infra.local.simulator.keystone import REGION, Account


def write_clouds_yaml(target: Path, account: Account, auth_url: str) -> None:
    """Write clouds.yaml, readable by its owner only.

    It holds the clouds ``slices`` (password) and ``slices-app`` (application credential).
    """
    shared = {"region_name": REGION, "identity_api_version": 3}
    password = {
        "auth_url": auth_url,
        "username": account.user_name,
        "password": account.password,
        "project_name": account.project_name,
        "user_domain_id": "default",
        "project_domain_id": "default",
    }
    application_credential = {
        "auth_url": auth_url,
        "application_credential_id": account.application_credential_id,
        "application_credential_secret": account.application_credential_secret,
    }
    clouds = {
        "slices": {**shared, "auth": password},
        "slices-app": {
            **shared,
            "auth_type": "v3applicationcredential",
            "auth": application_credential,
        },
    }
    target.touch(mode=0o600)
    # JSON is YAML: no library is needed to write it.
    target.write_text(json.dumps({"clouds": clouds}, indent=2), encoding="utf-8")
