"""A VM reports that cloud-init is done."""

from __future__ import annotations

import base64
import binascii
import hashlib

from chalicelib.domain.errors import FieldError, InvalidRequest, TokenInvalid, WrongStatus
from chalicelib.domain.resource_building import record_phone_home
from chalicelib.services.backend import Backend

_REFUSED = "This phone-home token is not valid, or was used before."


def hash_of(token: str) -> str:
    """Return what is stored of a phone-home token."""
    return hashlib.sha256(token.encode()).hexdigest()


def phone_home(backend: Backend, resource_id: str, token: str, host_keys: tuple[str, ...]) -> None:
    """Record the report and the host keys' fingerprints; the token is used up.

    Raises:
        TokenInvalid: no such resource, or not its open token; the answers do not differ.
        InvalidRequest: a host key is not in OpenSSH's format.
    """
    fingerprints = tuple(_fingerprint(index, key) for index, key in enumerate(host_keys))
    if backend.resources.get(resource_id) is None:
        raise TokenInvalid(_REFUSED)
    now = backend.clock()
    try:
        backend.resources.change(
            resource_id,
            lambda current: record_phone_home(current, hash_of(token), fingerprints, now),
        )
    except WrongStatus as error:
        raise TokenInvalid(_REFUSED) from error


def _fingerprint(index: int, key: str) -> str:
    """Return `<type> SHA256:<base64>` as `ssh-keygen -l` shows it."""
    try:
        kind, blob, *_ = key.split()
        digest = hashlib.sha256(base64.b64decode(blob, validate=True)).digest()
    except (ValueError, binascii.Error) as error:
        message = "is not a public key such as `ssh-ed25519 AAAA...`"
        field = f"ssh_host_keys[{index}]"
        raise InvalidRequest(
            f"{field} {message}.", field_errors=(FieldError(field, message),)
        ) from error
    return f"{kind} SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
