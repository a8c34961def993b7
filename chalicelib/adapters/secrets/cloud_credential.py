"""OpenStack's application credential from a secret, as openstacksdk's configuration."""

from __future__ import annotations

from functools import cache
from typing import Any

from chalicelib.adapters.secrets.files import write_private
from chalicelib.adapters.secrets.store import SecretMalformed, SecretUnreadable, read_secret
from chalicelib.domain.errors import CloudCredentialsRefused, CloudUnreachable

REQUIRED = ("auth_url", "application_credential_id", "application_credential_secret")
OPTIONAL = ("region_name", "interface", "ca_pem")


class CloudCredential:
    """Reads the credential for each new connection: one is made after the old one was refused."""

    def __init__(self, secret_id: str, client: Any = None) -> None:
        self._secret_id, self._client = secret_id, client

    def __call__(self) -> dict[str, Any]:
        """Return the keywords of `OpenStackConfig.get_one`.

        Raises:
            CloudUnreachable: the secret cannot be read now.
            CloudCredentialsRefused: it is not an application credential.
        """
        try:
            found = read_secret(self._secret_id, REQUIRED, OPTIONAL, self._client)
        except SecretUnreadable as error:
            raise CloudUnreachable(f"No credential for OpenStack: {error}.") from error
        except SecretMalformed as error:
            raise CloudCredentialsRefused(f"No credential for OpenStack: {error}.") from error
        options: dict[str, Any] = {
            "auth_type": "v3applicationcredential",
            "auth": {name: found[name] for name in REQUIRED},
            "interface": found.get("interface", "public"),
        }
        if "region_name" in found:
            options["region_name"] = found["region_name"]
        if "ca_pem" in found:
            options["cacert"] = _ca_file(found["ca_pem"])
        return options


@cache
def _ca_file(ca_pem: str) -> str:
    return str(write_private({"ca.pem": ca_pem}) / "ca.pem")
