"""Disk images and flavors on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from chalicelib.api.schemas.base import Answer, Body, Count, Line, Text, Time, WholeNumber
from chalicelib.api.schemas.proof import TokenBody
from chalicelib.api.schemas.reading import text_type

Username = Annotated[
    str,
    text_type(
        "Must be a letter or _, then at most 31 letters, digits, '_', '.' or '-'",
        pattern=r"^[a-zA-Z_][a-zA-Z0-9_.-]{0,31}$",
    ),
]
Tokens = Annotated[
    list[TokenBody],
    Meta(
        max_length=10,
        description="User token of an administrator, if the header has none.",
    ),
]


class DiskImageBody(Body, frozen=True, kw_only=True):
    """POST /disk-images."""

    friendly_name: Line
    cluster_id: Annotated[
        Line | None, Meta(description="The cloud or cluster that has it; by default this one.")
    ] = None
    location: Annotated[Line, Meta(description="The cloud's own name or id for it.")]
    default_username: Username
    min_disk_mb: Count = 0
    min_ram_mib: Count = 0
    short_description: Text = ""
    long_description: Text = ""
    tags: Annotated[list[Line], Meta(max_length=50)] = field(default_factory=list)
    hidden: bool = False
    tokens: Tokens = field(default_factory=list)


class DiskImageAnswer(Answer, frozen=True):
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


class FlavorBody(Body, frozen=True, kw_only=True):
    """POST /flavors."""

    friendly_name: Line
    description: Text = ""
    flavor_type: Literal["vm", "baremetal", "container", "qkd"] = "vm"
    vcpus: Annotated[WholeNumber, Meta(ge=1, le=1024)]
    ram_mib: Count
    disk_mb: Count
    location: Annotated[
        Line | None,
        Meta(description="The cloud's own name or id for it; by default the friendly name."),
    ] = None
    tokens: Tokens = field(default_factory=list)


class FlavorAnswer(Answer, frozen=True):
    """A flavor."""

    id: str
    friendly_name: str
    description: str
    flavor_type: str
    vcpus: int
    ram_mib: int
    disk_mb: int
    created_at: Time
