"""From a POST /resources call to the use case's request, earlier spellings included."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.api.schemas.queries import RequestResourcesQuery
from chalicelib.api.schemas.reading import invalid
from chalicelib.api.schemas.resource_request import (
    ExtendBody,
    ResourcesBody,
    WantedLinkBody,
    WantedResourceBody,
)
from chalicelib.api.ssh_keys import fault_of
from chalicelib.api.strict_json import canonical
from chalicelib.domain.errors import FieldError, Forbidden
from chalicelib.domain.permissions import Principal
from chalicelib.services.check_links import WantedLink
from chalicelib.services.check_request import ResourceRequest, WantedResource

MAX_USERDATA_BYTES = 64 * 1024
_MAX_REQUEST_ID = 200
# A retry carries a fresher user token; both are told apart by the rest.
_NOT_HASHED = frozenset({"tokens", "request_id"})


class _Parsed:
    """Collects what is wrong and what is odd while a body becomes a request."""

    def __init__(self, infra_id: str) -> None:
        self.infra_id = infra_id
        self.errors: list[FieldError] = []
        self.warnings: list[str] = []

    def wrong(self, field: str, message: str) -> None:
        """Note a wrong field."""
        self.errors.append(FieldError(field, message))

    def warn(self, text: str) -> None:
        """Note something that is accepted and has no effect, or an unwanted one."""
        self.warnings.append(text)


def check_scope(query: RequestResourcesQuery, principal: Principal) -> None:
    """Make sure that the query names no other project or experiment than the token.

    Raises:
        Forbidden: it does; names the parameter.
    """
    for name, wanted, own in (
        ("project", query.project, principal.project_id),
        ("experiment_id", query.experiment_id, principal.experiment_id),
    ):
        if None not in {wanted, own} and wanted != own:
            message = (
                f"is {wanted}, but the token is for {own}: use that one's token, or leave it out"
            )
            raise Forbidden(f"{name} {message}.", field_errors=(FieldError(name, message),))


def resource_request(
    body: ResourcesBody,
    raw_body: Mapping[str, Any],
    query: RequestResourcesQuery,
    headers: Mapping[str, str],
    warnings: tuple[str, ...],
    infra_id: str,
) -> ResourceRequest:
    """Return the request.

    Raises:
        InvalidRequest: names every wrong field.
    """
    parsed = _Parsed(infra_id)
    request_id = _request_id(parsed, query.request_id, body.request_id, headers)
    wanted = tuple(
        _wanted_resource(parsed, f"resources[{index}]", resource)
        for index, resource in enumerate(body.resources)
    )
    keys = _ssh_keys(parsed, body.ssh_authorized_keys)
    if parsed.errors:
        raise invalid(parsed.errors)
    return ResourceRequest(
        request_id=request_id,
        content_hash=content_hash(raw_body),
        expires_at=body.expires_at,
        resources=wanted,
        ssh_authorized_keys=keys,
        warnings=(*warnings, *parsed.warnings),
        links=tuple(_wanted_link(link) for link in body.links or ()),
    )


def _wanted_link(body: WantedLinkBody) -> WantedLink:
    return WantedLink(
        friendly_name=body.friendly_name,
        source=body.source,
        destination=body.destination,
        qkd_link_id=body.qkd_link_id,
        min_bandwidth_bit_per_s=body.min_bandwidth_bit_per_s or 0,
        key_size_bits=body.key_size_bits,
    )


def content_hash(raw_body: Mapping[str, Any]) -> str:
    """Return what two bodies that ask for the same have in common."""
    kept = {name: value for name, value in raw_body.items() if name not in _NOT_HASHED}
    return hashlib.sha256(canonical(kept)).hexdigest()


def _request_id(
    parsed: _Parsed, in_query: str | None, in_body: str | None, headers: Mapping[str, str]
) -> str:
    in_header = headers.get("idempotency-key", "").strip().strip('"')
    if in_header and not (in_header.isprintable() and len(in_header) <= _MAX_REQUEST_ID):
        parsed.wrong("Idempotency-Key", f"must be 1 to {_MAX_REQUEST_ID} printable characters")
    given = {value for value in (in_query, in_body, in_header) if value}
    if len(given) > 1:
        parsed.wrong("request_id", "differs between query, body and Idempotency-Key header")
    if given:
        return given.pop()
    parsed.warn(
        "request_id is missing: sending this again would ask for other resources. Give a new UUID "
        "with every new request."
    )
    return str(uuid.uuid4())


def _ssh_keys(parsed: _Parsed, keys: list[str]) -> tuple[str, ...]:
    for index, key in enumerate(keys):
        fault = fault_of(key)
        if fault:
            parsed.wrong(f"ssh_authorized_keys[{index}]", fault)
    if not keys:
        parsed.warn("ssh_authorized_keys is empty: unless userdata brings a key, nobody can log in")
    return tuple(key.strip() for key in keys)


def _wanted_resource(parsed: _Parsed, path: str, body: WantedResourceBody) -> WantedResource:
    """Return one wanted resource."""
    for field in ("infra_id", "site_id"):
        value = getattr(body, field)
        if value is not None and value != parsed.infra_id:
            parsed.wrong(f"{path}.{field}", f"is {value}, but this site is {parsed.infra_id}")
    return WantedResource(
        friendly_name=body.friendly_name,
        disk_image_id=_reference(parsed, path, body, "disk_image_id", "disk_image"),
        flavor_id=_reference(parsed, path, body, "flavor_id", "flavor"),
        user_data=_user_data(parsed, path, body),
        network_names=_networks(parsed, path, body),
        public_ipv4=bool(body.public_ipv4),
    )


def _reference(
    parsed: _Parsed, path: str, body: WantedResourceBody, field: str, earlier: str
) -> str:
    """Return the id or, in an earlier client's spelling, the name; the use case looks both up."""
    identifier, name = getattr(body, field), getattr(body, earlier)
    if identifier is None and name is None:
        parsed.wrong(f"{path}.{field}", "Field required")
    if identifier is not None and name is not None:
        parsed.warn(f"{path}.{earlier}: ignored, {field} counts")
    return str(identifier or name or "")


def _user_data(parsed: _Parsed, path: str, body: WantedResourceBody) -> str:
    given = {
        field: getattr(body, field)
        for field in ("userdata", "user_data", "cloudinit")
        if getattr(body, field) is not None
    }
    if len(set(given.values())) > 1:
        parsed.wrong(f"{path}.userdata", f"is given differently as {', '.join(given)}")
    for field in ("userdata_file", "cloudinit_file"):
        if getattr(body, field) is None:
            continue
        if given:
            parsed.warn(f"{path}.{field}: ignored, userdata counts")
        else:
            parsed.wrong(
                f"{path}.{field}",
                "names a file on your machine, which this site cannot read: send the file's "
                "content as userdata",
            )
    text = str(next(iter(given.values()), ""))
    if len(text.encode()) > MAX_USERDATA_BYTES:
        parsed.wrong(f"{path}.userdata", f"is longer than {MAX_USERDATA_BYTES} bytes")
    return text


def _networks(parsed: _Parsed, path: str, body: WantedResourceBody) -> tuple[str, ...]:
    interfaces = body.network_interfaces or []
    names = [interface.network_id for interface in interfaces]
    for index, interface in enumerate(interfaces):
        where = f"{path}.network_interfaces[{index}]"
        if interface.addresses:
            parsed.warn(f"{where}.addresses: ignored, the cloud chooses addresses")
        if interface.port_id:
            parsed.warn(f"{where}.port_id: ignored, the cloud names ports")
    if body.network_name and body.network_name not in names:
        names.insert(0, body.network_name)
    return tuple(names)


def wanted_end(body: ExtendBody) -> datetime | None:
    """Return the wanted end; None: as late as possible.

    Raises:
        InvalidRequest: both or neither are given.
    """
    if (body.expires_at is None) is not body.as_late_as_possible:
        message = 'give either a time or "as_late_as_possible": true'
        raise invalid([FieldError("expires_at", message)])
    return body.expires_at
