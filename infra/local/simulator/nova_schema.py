"""The checks Nova makes on POST /servers before it looks at the cloud.

Texts are Nova's own: "Invalid input for field/attribute <field>. Value: <echo>. <reason>".
"""

import base64
import binascii
import uuid
from ipaddress import IPv4Address
from typing import Any

from infra.local.simulator.state import RequestedNIC
from infra.local.simulator.web import ApiError

MAX_USER_DATA = 65_535
_MAX_NAME = 255
_MAX_METADATA = 255
_MAX_TAG = 60
_MAX_TAGS = 50
_MAX_METADATA_ITEMS = 128
_PROPERTIES = frozenset({
    "name", "imageRef", "flavorRef", "networks", "user_data", "config_drive", "metadata", "tags",
    "key_name", "security_groups", "availability_zone", "description", "OS-DCF:diskConfig",
    "adminPass",
})  # fmt: skip


def check(server: dict[str, Any]) -> None:
    """Check everything that needs no look at the cloud.

    Unlike Nova this refuses ``min_count``, volumes and other properties the simulator lacks,
    as unknown ones.

    Raises:
        ApiError: 400 with Nova's sentence, or 403 for too many metadata items.
    """
    for name in ("name", "flavorRef", "networks"):
        if name not in server:
            raise _invalid("server", server, f"'{name}' is a required property")
    for name in sorted(set(server) - _PROPERTIES):
        reason = f"Additional properties are not allowed ('{name}' was unexpected)"
        raise _invalid("server", server, reason)
    _check_text("name", server["name"], _MAX_NAME)
    if not is_uuid(server.get("imageRef")):
        reference = server.get("imageRef")
        reason = f"{reference!r} is not valid under any of the given schemas"
        raise _invalid("imageRef", reference, reason)
    _check_user_data(server.get("user_data"))
    _check_tags(server.get("tags", []))
    _check_metadata(server.get("metadata", {}))


def requested_nics(networks: object) -> list[RequestedNIC]:
    """Parse ``networks``; "none" is no interface.

    Raises:
        ApiError: 400, malformed; 409, "auto", since several networks exist.
    """
    if networks == "none":
        return []
    if networks == "auto":
        raise ApiError(
            409, "Multiple possible networks found, use a Network ID to be more specific."
        )
    reason = f"{networks!r} is not valid under any of the given schemas"
    if not isinstance(networks, list):
        raise _invalid("networks", networks, reason)
    try:
        return [_requested_nic(entry) for entry in networks]
    except (ValueError, TypeError) as error:
        raise _invalid("networks", networks, reason) from error


def decoded_user_data(server: dict[str, Any]) -> bytes | None:
    """Decode checked user data."""
    encoded = server.get("user_data")
    return None if encoded is None else base64.b64decode(encoded)


def is_uuid(text: object) -> bool:
    """Tell whether this is an id in the services' way of writing."""
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _requested_nic(entry: dict[str, Any]) -> RequestedNIC:
    if set(entry) - {"uuid", "port", "fixed_ip", "tag"}:
        raise ValueError("unknown key")
    for key in ("uuid", "port"):
        if key in entry and not is_uuid(entry[key]):
            raise ValueError("not a UUID")
    if not {"uuid", "port"} & set(entry):
        raise ValueError("neither network nor port")
    address = IPv4Address(entry["fixed_ip"]) if "fixed_ip" in entry else None
    return RequestedNIC(entry.get("port"), entry.get("uuid"), address)


def _check_user_data(user_data: object) -> None:
    if user_data is None:
        return
    if not isinstance(user_data, str):
        raise _invalid("user_data", user_data, f"{user_data!r} is not of type 'string'")
    if len(user_data) > MAX_USER_DATA:
        raise _invalid("user_data", user_data, f"{user_data!r} is too long")
    try:
        base64.b64decode(user_data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _invalid("user_data", user_data, f"{user_data!r} is not a 'base64'") from error


def _check_tags(tags: object) -> None:
    if not isinstance(tags, list):
        raise _invalid("tags", tags, f"{tags!r} is not of type 'array'")
    if len(tags) > _MAX_TAGS:
        raise _invalid("tags", tags, f"{tags!r} is too long")
    for number, tag in enumerate(tags):
        _check_text(str(number), tag, _MAX_TAG)
        if "/" in tag or "," in tag:
            raise _invalid(str(number), tag, f"{tag!r} does not match '^[^,/]*$'")


def _check_metadata(metadata: object) -> None:
    if not isinstance(metadata, dict):
        raise _invalid("metadata", metadata, f"{metadata!r} is not of type 'object'")
    for key, value in metadata.items():
        _check_text(key, value, _MAX_METADATA, min_length=0)
        _check_text("metadata", key, _MAX_METADATA)
    if len(metadata) > _MAX_METADATA_ITEMS:
        raise ApiError(403, f"Maximum number of metadata items exceeds {_MAX_METADATA_ITEMS}")


def _check_text(field: str, value: object, max_length: int, min_length: int = 1) -> None:
    if not isinstance(value, str):
        raise _invalid(field, value, f"{value!r} is not of type 'string'")
    if len(value) > max_length:
        raise _invalid(field, value, f"{value!r} is too long")
    if len(value) < min_length:
        raise _invalid(field, value, f"{value!r} is too short")


def _invalid(field: str, value: object, reason: str) -> ApiError:
    # Nova echoes the whole value, secrets and all: clients must not log this sentence.
    return ApiError(400, f"Invalid input for field/attribute {field}. Value: {value}. {reason}")
