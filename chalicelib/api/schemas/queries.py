"""Query parameters of the routes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from chalicelib.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from chalicelib.api.schemas.base import Flag, Identifier, Query, Time
from chalicelib.api.schemas.reading import text_type
from chalicelib.services.view_samples import DEFAULT_LIMIT as DEFAULT_SAMPLES
from chalicelib.services.view_samples import MAX_SAMPLES

Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="Entries per page.")]
Cursor = Annotated[
    str,
    text_type(
        "Is no cursor of this API: take it from the Link header of the page before",
        max_length=2048,
        pattern=r"^[A-Za-z0-9_-]+$",
    ),
    Meta(description="Where to go on: from the Link header of the page before."),
]
ExperimentId = Annotated[Identifier, Meta(description="An experiment; by default the token's own.")]
ProjectId = Annotated[Identifier, Meta(description="A project; by default the token's own.")]


class NoQuery(Query, frozen=True):
    """No query parameters are read."""


class CatalogQuery(Query, frozen=True):
    """Of GET /disk-images and /flavors."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None
    hidden: Annotated[Flag, Meta(description="Whether hidden entries are listed too.")] = False


class StrictQuery(Query, frozen=True):
    """Of routes with a body."""

    strict: Annotated[
        Flag, Meta(description="Whether unknown fields are refused instead of warned about.")
    ] = False


class ResourcesQuery(Query, frozen=True):
    """Of GET /resources."""

    project: ProjectId | None = None
    experiment_id: ExperimentId | None = None
    mine: Annotated[Flag, Meta(description="The user's own resources, over all experiments.")] = (
        False
    )
    everyones: Annotated[
        Flag,
        Meta(
            description="All of the site that are not over yet; for administrators.",
        ),
    ] = field(default=False, name="all")
    format: Annotated[
        Literal["json", "ansible"], Meta(description="`ansible`: inventory lines.")
    ] = "json"
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class ResourceQuery(Query, frozen=True):
    """Of GET /resources/{id}."""

    format: Annotated[
        Literal["json", "ansible"], Meta(description="`ansible`: one inventory line.")
    ] = "json"


class RequestResourcesQuery(StrictQuery, frozen=True):
    """Of POST /resources."""

    project: ProjectId | None = None
    experiment_id: ExperimentId | None = None
    request_id: Annotated[
        Identifier | None,
        Meta(description="Makes the request idempotent for good: a new UUID per new request."),
    ] = None
    dry_run: Annotated[
        Flag, Meta(description="Check all, write nothing, say whether it would be accepted.")
    ] = False


class TasksQuery(Query, frozen=True):
    """Of GET /tasks."""

    experiment_id: ExperimentId | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class TaskQuery(Query, frozen=True):
    """Of GET /tasks/{id}."""

    wait: Annotated[
        float,
        Meta(
            ge=0,
            le=20,
            description="Seconds to wait for a change (long poll).",
        ),
    ] = 0


class LinksQuery(Query, frozen=True):
    """Of GET /links."""

    experiment_id: ExperimentId | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class SamplesQuery(Query, frozen=True):
    """Of GET /qkd-links/{id}/samples."""

    begin: Annotated[Time | None, Meta(description="First moment; an hour before `to`.")] = field(
        default=None, name="from"
    )
    end: Annotated[Time | None, Meta(description="After the last moment; now.")] = field(
        default=None, name="to"
    )
    step: Annotated[
        Annotated[int, Meta(ge=1, le=86_400)] | None,
        Meta(
            description="Seconds that one point stands for, from a multiple of it on: means of "
            "QBER and rates, with their extremes. Without it, every sample as it is.",
        ),
    ] = None
    limit: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_SAMPLES,
            description=f"Points per answer. No answer reads more than {MAX_SAMPLES} samples: "
            "with a step it may have fewer points and a next page all the same.",
        ),
    ] = DEFAULT_SAMPLES
    cursor: Cursor | None = None
    format: Annotated[
        Literal["json", "csv"],
        Meta(description="`csv`: one line per point, after comments with units and provenance."),
    ] = "json"


class QuotaQuery(Query, frozen=True):
    """Of GET /quota."""

    project: ProjectId | None = None
