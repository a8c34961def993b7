"""POST /resources and the bodies of what is done to a resource, earlier spellings included."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, field

from chalicelib.api.schemas.base import Body, Count, Identifier, Line, Reference, Time
from chalicelib.api.schemas.proof import TokenBody
from chalicelib.api.schemas.reading import Refused, field_type, text_type

MAX_USERDATA = 64 * 1024
_MAX_INTERFACE_TEXT = 10_000

FriendlyName = Annotated[
    str,
    text_type(
        "Must be 1 to 63 letters, digits, '.', '_' or '-', beginning with a letter or digit",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
    ),
]
Userdata = Annotated[
    str,
    text_type(f"Must have at most {MAX_USERDATA} characters", max_length=MAX_USERDATA),
]


def _from_text(value: Any) -> Any:
    """Read an interface that an earlier client sends as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value[:_MAX_INTERFACE_TEXT])
    except (ValueError, RecursionError):
        raise Refused("Must be an object, or one as JSON text") from None


class NetworkInterfaceBody(Body, frozen=True):
    """A network that the resource is attached to."""

    network_id: Annotated[Reference, Meta(description="Name or id of a network of this site.")]
    port_id: Annotated[Line | None, Meta(description="Ignored: the cloud names ports.")] = None
    addresses: Annotated[
        Annotated[list[Line], Meta(max_length=16)] | None,
        Meta(description="Ignored: the cloud chooses addresses."),
    ] = None


NetworkInterface = Annotated[NetworkInterfaceBody, field_type(_from_text)]


def _earlier(of: str) -> Meta:
    return Meta(description=f"Earlier spelling of {of}.", extra_json_schema={"deprecated": True})


class WantedResourceBody(Body, frozen=True):
    """One resource to be made."""

    schema_extra: ClassVar[Mapping[str, Any]] = {
        "allOf": [
            {"anyOf": [{"required": ["disk_image_id"]}, {"required": ["disk_image"]}]},
            {"anyOf": [{"required": ["flavor_id"]}, {"required": ["flavor"]}]},
        ]
    }

    friendly_name: FriendlyName
    disk_image_id: Annotated[Reference | None, Meta(description="See GET /disk-images.")] = None
    flavor_id: Annotated[Reference | None, Meta(description="See GET /flavors.")] = None
    userdata: Annotated[
        Userdata | None, Meta(description="For cloud-init: `#cloud-config`, a script, or MIME.")
    ] = None
    network_name: Annotated[
        Reference | None, Meta(description="Name or id of a network of this site.")
    ] = None
    network_interfaces: Annotated[list[NetworkInterface], Meta(max_length=8)] | None = None
    public_ipv4: Annotated[bool | None, Meta(description="Whether to give a public IPv4.")] = None
    infra_id: Annotated[Line | None, Meta(description="This infrastructure, if given.")] = None
    site_id: Annotated[Line | None, _earlier("infra_id")] = None
    disk_image: Annotated[Reference | None, _earlier("disk_image_id: a friendly name")] = None
    flavor: Annotated[Reference | None, _earlier("flavor_id: a friendly name")] = None
    cloudinit: Annotated[Userdata | None, _earlier("userdata")] = None
    user_data: Annotated[Userdata | None, _earlier("userdata")] = None
    userdata_file: Annotated[
        Line | None, Meta(description="A file of the client's: send its content as userdata.")
    ] = None
    cloudinit_file: Annotated[Line | None, _earlier("userdata_file")] = None


class WantedLinkBody(Body, frozen=True, kw_only=True):
    """One QKD link between two resources of the request."""

    friendly_name: FriendlyName
    type: Annotated[Literal["qkd"], Meta(description="Only QKD links are offered.")] = "qkd"
    source: Annotated[Reference, Meta(description="friendly_name of the resource at one end.")]
    destination: Annotated[Reference, Meta(description="And at the other.")]
    qkd_link_id: Annotated[
        Reference | None, Meta(description="See GET /qkd-links; by default the site chooses.")
    ] = None
    min_bandwidth_bit_per_s: Annotated[
        Count | None, Meta(description="Secret key rate to be kept for this link.")
    ] = None
    key_size_bits: Annotated[Count | None, Meta(description="Size of a key; a multiple of 8.")] = (
        None
    )


class ResourcesBody(Body, frozen=True):
    """POST /resources."""

    expires_at: Annotated[Time, Meta(description="When the resources end.")]
    resources: Annotated[list[WantedResourceBody], Meta(min_length=1, max_length=500)]
    links: Annotated[
        Annotated[list[WantedLinkBody], Meta(max_length=500)] | None,
        Meta(description="QKD links between resources of this request."),
    ] = None
    ssh_authorized_keys: Annotated[
        list[str], Meta(max_length=50, description="OpenSSH public keys, one per entry.")
    ] = field(default_factory=list)
    tokens: Annotated[
        list[TokenBody], Meta(max_length=10, description="The user's token; the first counts.")
    ] = field(default_factory=list)
    request_id: Identifier | None = None


class ExtendBody(Body, frozen=True):
    """POST /resources/{id}/extend: one of the two."""

    schema_extra: ClassVar[Mapping[str, Any]] = {
        "anyOf": [{"required": ["expires_at"]}, {"required": ["as_late_as_possible"]}]
    }

    expires_at: Time | None = None
    as_late_as_possible: bool = False
