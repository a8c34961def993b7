"""Disk images and flavors on the wire."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib.api.schemas.base import AlsoAsFloat, Answer, Body, Count, Line, Text, Time
from chalicelib.api.schemas.proof import TokenBody

Username = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_.-]{0,31}$")]
Tokens = Annotated[
    list[TokenBody],
    Field(
        max_length=10,
        default_factory=list,
        description="User token of an administrator, if the header has none.",
    ),
]


class DiskImageBody(Body):
    """POST /disk-images."""

    friendly_name: Line
    cluster_id: Annotated[
        Line | None, Field(description="The cloud or cluster that has it; by default this one.")
    ] = None
    location: Annotated[Line, Field(description="The cloud's own name or id for it.")]
    default_username: Username
    min_disk_mb: Count = 0
    min_ram_mib: Count = 0
    short_description: Text = ""
    long_description: Text = ""
    tags: Annotated[list[Line], Field(max_length=50, default_factory=list)]
    hidden: bool = False
    tokens: Tokens


class DiskImageAnswer(Answer):
    """A disk image."""

    id: str
    friendly_name: str
    created_at: Time
    cluster_id: str
    location: str
    default_username: str
    min_disk_mb: int
    min_ram_mib: int
    short_description: str
    long_description: str
    tags: list[str]
    hidden: bool


class FlavorBody(Body):
    """POST /flavors."""

    friendly_name: Line
    description: Text = ""
    flavor_type: Literal["vm", "baremetal", "container", "qkd"] = "vm"
    vcpus: Annotated[int, Field(ge=1, le=1024), AlsoAsFloat]
    ram_mib: Count
    disk_mb: Count
    location: Annotated[
        Line | None,
        Field(description="The cloud's own name or id for it; by default the friendly name."),
    ] = None
    tokens: Tokens


class FlavorAnswer(Answer):
    """A flavor."""

    id: str
    friendly_name: str
    description: str
    flavor_type: str
    vcpus: int
    ram_mib: int
    disk_mb: int
    created_at: Time
