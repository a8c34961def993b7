"""The secrets: made empty, filled by the operator; no value is ever in the template."""

from __future__ import annotations

from typing import Any

from infra.aws.names import AGENT_SECRET, NAME_PREFIX, OPENSTACK_SECRET, sub


def secret_resources() -> dict[str, Any]:
    """Return the secrets."""
    return {
        OPENSTACK_SECRET: _secret(
            "openstack",
            "OpenStack application credential, as JSON: auth_url, application_credential_id, "
            "application_credential_secret, region_name, interface, ca_pem "
            "(docs/how-to/deploy-to-aws.md).",
        ),
        AGENT_SECRET: _secret(
            "qkd-agents",
            "Client certificate for the QKD agents, as JSON: ca_pem, certificate_pem, key_pem "
            "(docs/how-to/deploy-to-aws.md).",
        ),
    }


def _secret(name: str, description: str) -> dict[str, Any]:
    return {
        "Type": "AWS::SecretsManager::Secret",
        # Who deletes the stack by mistake has not lost the credentials.
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"Name": sub(f"{NAME_PREFIX}{name}"), "Description": description},
    }
