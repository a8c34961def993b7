"""Write the file from which openstacksdk learns the two clouds of a control plane."""

import json

from .state import REGION, Settings, State, write_private

TENANT_CLOUD = "slices"
ADMIN_CLOUD = "slices-admin"
TENANT_PROJECT = "slices"
TENANT_USER = "slices"


def write_clouds(state: State, settings: Settings) -> None:
    """Write clouds.yaml: `slices` with the member role and `slices-admin` with admin's."""
    clouds = {
        TENANT_CLOUD: _cloud(settings, TENANT_USER, settings.tenant_password, TENANT_PROJECT),
        ADMIN_CLOUD: _cloud(settings, "admin", settings.admin_password, "admin"),
    }
    # JSON is YAML, and the standard library can write it.
    write_private(state.clouds_file, json.dumps({"clouds": clouds}, indent=2) + "\n")


def _cloud(settings: Settings, username: str, password: str, project: str) -> dict[str, object]:
    return {
        "auth": {
            "auth_url": settings.auth_url,
            "username": username,
            "password": password,
            "project_name": project,
            "user_domain_id": "default",
            "project_domain_id": "default",
        },
        "region_name": REGION,
        "identity_api_version": "3",
    }
