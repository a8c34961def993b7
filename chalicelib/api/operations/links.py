"""The operations on links and QKD links."""

from __future__ import annotations

from chalicelib.api.operations.model import Operation
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.link_answer import LinkAnswer, QKDLinkAnswer
from chalicelib.api.schemas.queries import LinksQuery, NoQuery, SamplesQuery
from chalicelib.api.schemas.resource_answer import TaskStartedAnswer
from chalicelib.api.schemas.samples import SamplesAnswer
from chalicelib.domain.errors import NotFound
from chalicelib.domain.permissions import Permission

LIST_LINKS = Operation(
    name="list_links",
    method="GET",
    path="/links",
    tag="QKD",
    summary="List QKD links of an experiment",
    query=LinksQuery,
    body=NoBody,
    answer=list[LinkAnswer],
    permission=Permission.RESOURCES_READ,
    has_etag=True,
)

SHOW_LINK = Operation(
    name="show_link",
    method="GET",
    path="/links/{id}",
    tag="QKD",
    summary="Show a QKD link",
    query=NoQuery,
    body=NoBody,
    answer=LinkAnswer,
    permission=Permission.RESOURCES_READ,
    has_etag=True,
)

DELETE_LINK = Operation(
    name="delete_link",
    method="DELETE",
    path="/links/{id}",
    tag="QKD",
    summary="Release a QKD link and keep its VMs; repeating it is harmless",
    query=NoQuery,
    body=NoBody,
    answer=TaskStartedAnswer,
    permission=Permission.RESOURCES_WRITE,
)

LIST_QKD_LINKS = Operation(
    name="list_qkd_links",
    method="GET",
    path="/qkd-links",
    tag="QKD",
    summary="List the site's physical QKD links, as last seen",
    query=NoQuery,
    body=NoBody,
    answer=list[QKDLinkAnswer],
    permission=Permission.CATALOG_READ,
    has_etag=True,
)

SHOW_QKD_LINK = Operation(
    name="show_qkd_link",
    method="GET",
    path="/qkd-links/{id}",
    tag="QKD",
    summary="Show a physical QKD link, as last seen",
    query=NoQuery,
    body=NoBody,
    answer=QKDLinkAnswer,
    permission=Permission.CATALOG_READ,
    has_etag=True,
    errors=(NotFound,),
)

SHOW_SAMPLES = Operation(
    name="show_samples",
    method="GET",
    path="/qkd-links/{id}/samples",
    tag="QKD",
    summary="Show a QKD link's time series, by default of the last hour; the Link header goes on",
    query=SamplesQuery,
    body=NoBody,
    answer=SamplesAnswer,
    permission=Permission.CATALOG_READ,
    errors=(NotFound,),
    other_media_types=("text/csv",),
)

OPERATIONS = (
    LIST_LINKS,
    SHOW_LINK,
    DELETE_LINK,
    LIST_QKD_LINKS,
    SHOW_QKD_LINK,
    SHOW_SAMPLES,
)
