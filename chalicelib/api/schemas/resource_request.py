"""POST /resources and the bodies of what is done to a resource, earlier spellings included."""

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from chalicelib.api.schemas.base import Body, Count, Line, Reference, Time
from chalicelib.api.schemas.proof import TokenBody

MAX_USERDATA = 64 * 1024
_MAX_INTERFACE_TEXT = 10_000

FriendlyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
Userdata = Annotated[str, StringConstraints(max_length=MAX_USERDATA)]
RequestId = Annotated[str, StringConstraints(max_length=200, pattern=r"^[!-~]+$")]


def _from_text(value: Any) -> Any:
    """Read an interface that an earlier client sends as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value[:_MAX_INTERFACE_TEXT])
    except (ValueError, RecursionError):
        raise PydanticCustomError("interface", "Must be an object, or one as JSON text") from None


class NetworkInterfaceBody(Body):
    """A network that the resource is attached to."""

    network_id: Annotated[Reference, Field(description="Name or id of a network of this site.")]
    port_id: Annotated[Line | None, Field(description="Ignored: the cloud names ports.")] = None
    addresses: Annotated[
        list[Line] | None,
        Field(max_length=16, description="Ignored: the cloud chooses addresses."),
    ] = None


NetworkInterface = Annotated[NetworkInterfaceBody, BeforeValidator(_from_text)]


def _earlier(of: str) -> Any:
    # Not `deprecated=True`: pydantic would warn at each look at the field.
    return Field(json_schema_extra={"deprecated": True}, description=f"Earlier spelling of {of}.")


class WantedResourceBody(Body):
    """One resource to be made."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {"anyOf": [{"required": ["disk_image_id"]}, {"required": ["disk_image"]}]},
                {"anyOf": [{"required": ["flavor_id"]}, {"required": ["flavor"]}]},
            ]
        }
    )

    friendly_name: FriendlyName
    disk_image_id: Annotated[Reference | None, Field(description="See GET /disk-images.")] = None
    flavor_id: Annotated[Reference | None, Field(description="See GET /flavors.")] = None
    userdata: Annotated[
        Userdata | None, Field(description="For cloud-init: `#cloud-config`, a script, or MIME.")
    ] = None
    network_name: Annotated[
        Reference | None, Field(description="Name or id of a network of this site.")
    ] = None
    network_interfaces: Annotated[list[NetworkInterface] | None, Field(max_length=8)] = None
    public_ipv4: Annotated[bool | None, Field(description="Whether to give a public IPv4.")] = None
    infra_id: Annotated[Line | None, Field(description="This infrastructure, if given.")] = None
    site_id: Annotated[Line | None, _earlier("infra_id")] = None
    disk_image: Annotated[Reference | None, _earlier("disk_image_id: a friendly name")] = None
    flavor: Annotated[Reference | None, _earlier("flavor_id: a friendly name")] = None
    cloudinit: Annotated[Userdata | None, _earlier("userdata")] = None
    user_data: Annotated[Userdata | None, _earlier("userdata")] = None
    userdata_file: Annotated[
        Line | None, Field(description="A file of the client's: send its content as userdata.")
    ] = None
    cloudinit_file: Annotated[Line | None, _earlier("userdata_file")] = None


class WantedLinkBody(Body):
    """One QKD link between two resources of the request."""

    friendly_name: FriendlyName
    type: Annotated[Literal["qkd"], Field(description="Only QKD links are offered.")] = "qkd"
    source: Annotated[Reference, Field(description="friendly_name of the resource at one end.")]
    destination: Annotated[Reference, Field(description="And at the other.")]
    qkd_link_id: Annotated[
        Reference | None, Field(description="See GET /qkd-links; by default the site chooses.")
    ] = None
    min_bandwidth_bit_per_s: Annotated[
        Count | None, Field(description="Secret key rate to be kept for this link.")
    ] = None
    key_size_bits: Annotated[Count | None, Field(description="Size of a key; a multiple of 8.")] = (
        None
    )


class ResourcesBody(Body):
    """POST /resources."""

    expires_at: Annotated[Time, Field(description="When the resources end.")]
    resources: Annotated[list[WantedResourceBody], Field(min_length=1, max_length=500)]
    links: Annotated[
        list[WantedLinkBody] | None,
        Field(max_length=500, description="QKD links between resources of this request."),
    ] = None
    ssh_authorized_keys: Annotated[
        list[str],
        Field(
            max_length=50,
            default_factory=list,
            description="OpenSSH public keys, one per entry.",
        ),
    ]
    tokens: Annotated[
        list[TokenBody],
        Field(
            max_length=10,
            default_factory=list,
            description="The user's token; the first counts.",
        ),
    ]
    request_id: RequestId | None = None


class ExtendBody(Body):
    """POST /resources/{id}/extend: one of the two."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["expires_at"]}, {"required": ["as_late_as_possible"]}]
        }
    )

    expires_at: Time | None = None
    as_late_as_possible: bool = False
