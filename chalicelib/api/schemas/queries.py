"""Query parameters of the routes."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from chalicelib.api.schemas.base import Query, Time
from chalicelib.services.view_samples import DEFAULT_LIMIT as DEFAULT_SAMPLES
from chalicelib.services.view_samples import MAX_SAMPLES

Identifier = Annotated[str, StringConstraints(max_length=200, pattern=r"^[!-~]+$")]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Entries per page.")]
Cursor = Annotated[
    str,
    StringConstraints(max_length=2048, pattern=r"^[A-Za-z0-9_-]+$"),
    Field(description="Where to go on: from the Link header of the page before."),
]
ExperimentId = Annotated[
    Identifier, Field(description="An experiment; by default the token's own.")
]
ProjectId = Annotated[Identifier, Field(description="A project; by default the token's own.")]


class NoQuery(Query):
    """No query parameters are read."""


class CatalogQuery(Query):
    """Of GET /disk-images and /flavors."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None
    hidden: Annotated[bool, Field(description="Whether hidden entries are listed too.")] = False


class StrictQuery(Query):
    """Of routes with a body."""

    strict: Annotated[
        bool, Field(description="Whether unknown fields are refused instead of warned about.")
    ] = False


class ResourcesQuery(Query):
    """Of GET /resources."""

    project: ProjectId | None = None
    experiment_id: ExperimentId | None = None
    mine: Annotated[bool, Field(description="The user's own resources, over all experiments.")] = (
        False
    )
    everyones: Annotated[
        bool,
        Field(
            alias="all",
            description="All of the site that are not over yet; for administrators.",
        ),
    ] = False
    format: Annotated[
        Literal["json", "ansible"], Field(description="`ansible`: inventory lines.")
    ] = "json"
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class ResourceQuery(Query):
    """Of GET /resources/{id}."""

    format: Annotated[
        Literal["json", "ansible"], Field(description="`ansible`: one inventory line.")
    ] = "json"


class RequestResourcesQuery(StrictQuery):
    """Of POST /resources."""

    project: ProjectId | None = None
    experiment_id: ExperimentId | None = None
    request_id: Annotated[
        Identifier | None,
        Field(description="Makes the request idempotent for good: a new UUID per new request."),
    ] = None
    dry_run: Annotated[
        bool, Field(description="Check all, write nothing, say whether it would be accepted.")
    ] = False


class TasksQuery(Query):
    """Of GET /tasks."""

    experiment_id: ExperimentId | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class TaskQuery(Query):
    """Of GET /tasks/{id}."""

    wait: Annotated[
        float,
        Field(
            ge=0,
            le=20,
            allow_inf_nan=False,
            description="Seconds to wait for a change (long poll).",
        ),
    ] = 0


class LinksQuery(Query):
    """Of GET /links."""

    experiment_id: ExperimentId | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class SamplesQuery(Query):
    """Of GET /qkd-links/{id}/samples."""

    begin: Annotated[
        Time | None, Field(alias="from", description="First moment; an hour before `to`.")
    ] = None
    end: Annotated[Time | None, Field(alias="to", description="After the last moment; now.")] = None
    step: Annotated[
        int | None,
        Field(
            ge=1,
            le=86_400,
            description="Seconds that one point stands for, from a multiple of it on: means of "
            "QBER and rates, with their extremes. Without it, every sample as it is.",
        ),
    ] = None
    limit: Annotated[
        int,
        Field(
            ge=1,
            le=MAX_SAMPLES,
            description=f"Points per answer. No answer reads more than {MAX_SAMPLES} samples: "
            "with a step it may have fewer points and a next page all the same.",
        ),
    ] = DEFAULT_SAMPLES
    cursor: Cursor | None = None
    format: Annotated[
        Literal["json", "csv"],
        Field(description="`csv`: one line per point, after comments with units and provenance."),
    ] = "json"


class QuotaQuery(Query):
    """Of GET /quota."""

    project: ProjectId | None = None
