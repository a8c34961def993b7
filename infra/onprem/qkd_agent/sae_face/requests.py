"""Reading the requests of ETSI GS QKD 014. The order of the checks is a part of the interface."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.onprem.qkd_agent.config_sections import KeysSection
from infra.onprem.qkd_agent.web.messages import ApiError, Request

NOT_A_MULTIPLE = "size shall be a multiple of 8"
UNSUPPORTED = "not all extension_mandatory parameters are supported"
NOT_MET = "not all extension_mandatory request options could be met"
NOT_FOUND = "one or more keys specified are not found on KME"
DIRECT_ONLY = "slices_direct_only"
MOST_KEY_IDS = 1024
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BAD_REQUEST = 400
_LONGEST_NUMBER = 9


@dataclass(frozen=True)
class KeyRequest:
    """A Get key request of the right types; its values are not checked yet.

    Attributes:
        direct_only: The extension that no trusted node may see the keys.
    """

    number: int
    size: int
    additional: tuple[str, ...]
    mandatory: tuple[Mapping[str, Any], ...]
    optional: tuple[Mapping[str, Any], ...]

    @property
    def direct_only(self) -> bool:
        """Return whether no trusted node may see the keys."""
        return any(entry.get(DIRECT_ONLY) is True for entry in self.mandatory)


def bad_request(message: str, details: Sequence[Mapping[str, Any]] = ()) -> ApiError:
    """Return a 400."""
    return ApiError(_BAD_REQUEST, message, details)


def read_key_request(request: Request, limits: KeysSection) -> KeyRequest:
    """Return the request, from a GET or a POST.

    Raises:
        ApiError: 400 if it is not a JSON object or a member has the wrong type.
    """
    if request.method == "GET":
        _check_query(request, {"number", "size"})
        return KeyRequest(
            number=_query_number(request, "number", 1),
            size=_query_number(request, "size", limits.default_size),
            additional=(),
            mandatory=(),
            optional=(),
        )
    body = _json_object(request)
    return KeyRequest(
        number=_integer(body, "number", 1),
        size=_integer(body, "size", limits.default_size),
        additional=_strings(body, "additional_slave_SAE_IDs"),
        mandatory=_objects(body, "extension_mandatory"),
        optional=_objects(body, "extension_optional"),
    )


def check_extensions(wanted: KeyRequest) -> None:
    """Check that every mandatory extension is known and has a value that it can have.

    Raises:
        ApiError: 400 with the mandated message.
    """
    unknown = [name for entry in wanted.mandatory for name in entry if name != DIRECT_ONLY]
    if unknown:
        text = f"{unknown[0][:64]} is not supported"
        raise bad_request(UNSUPPORTED, [{"extension_mandatory_unsupported": text}])
    if any(not isinstance(entry.get(DIRECT_ONLY, True), bool) for entry in wanted.mandatory):
        raise bad_request(NOT_MET, [{DIRECT_ONLY: "true or false is expected"}])


def check_ranges(wanted: KeyRequest, limits: KeysSection) -> None:
    """Check size and number.

    Raises:
        ApiError: 400, with the mandated message for a size that is not whole bytes.
    """
    if wanted.size % 8:
        raise bad_request(NOT_A_MULTIPLE)
    if not limits.minimum_size <= wanted.size <= limits.maximum_size:
        lowest, highest = limits.minimum_size, limits.maximum_size
        raise bad_request(f"size shall be from {lowest} to {highest} bits")
    if not 1 <= wanted.number <= limits.maximum_per_request:
        raise bad_request(f"number shall be from 1 to {limits.maximum_per_request}")


def read_key_ids(request: Request) -> list[str]:
    """Return the key IDs of a Get key with key IDs request, in lower case.

    Raises:
        ApiError: 400 if the request is malformed; with the mandated message if the list is empty
            or an ID is no UUID.
    """
    if request.method == "GET":
        _check_query(request, {"key_ID"})
        ids = list(request.query.get("key_ID", ()))
        if len(ids) != 1:
            raise bad_request("GET takes exactly one key_ID")
    else:
        ids = [_key_id(entry) for entry in _required_list(_json_object(request), "key_IDs")]
    if len(ids) > MOST_KEY_IDS:
        raise bad_request(f"key_IDs shall not be more than {MOST_KEY_IDS}")
    ids = [key_id.lower() for key_id in ids]
    if not ids or not all(_UUID.fullmatch(key_id) for key_id in ids):
        raise bad_request(NOT_FOUND)
    return ids


def _json_object(request: Request) -> dict[str, Any]:
    if not request.body:
        return {}
    try:
        body = json.loads(request.body.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise bad_request("the body is not JSON in UTF-8") from None
    if not isinstance(body, dict):
        raise bad_request("the body is not a JSON object")
    return body


def _check_query(request: Request, known: set[str]) -> None:
    for name in request.query:
        if name not in known:
            raise bad_request(f"GET takes only {' and '.join(sorted(known))}; use POST")


def _query_number(request: Request, name: str, default: int) -> int:
    values = request.query.get(name, (str(default),))
    is_number = len(values) == 1 and values[0].isascii() and values[0].isdigit()
    if not is_number or len(values[0]) > _LONGEST_NUMBER:
        raise bad_request(f"{name} shall be a decimal number")
    return int(values[0])


def _integer(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_request(f"{name} shall be an integer")
    return value


def _required_list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    if not isinstance(value, list):
        raise bad_request(f"{name} shall be an array")
    return value


def _strings(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise bad_request(f"{name} shall be an array of strings")
    return tuple(value)


def _objects(body: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise bad_request(f"{name} shall be an array of objects")
    return tuple(value)


def _key_id(entry: object) -> str:
    value = entry.get("key_ID") if isinstance(entry, dict) else None
    if not isinstance(value, str):
        raise bad_request("each of key_IDs shall be an object with a key_ID")
    return value
