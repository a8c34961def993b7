"""The operations on disk images and flavors."""

from __future__ import annotations

from chalicelib.api.operations.model import REVALIDATE, Operation, Security
from chalicelib.api.schemas.base import NoBody
from chalicelib.api.schemas.catalog import DiskImageAnswer, DiskImageBody, FlavorAnswer, FlavorBody
from chalicelib.api.schemas.queries import CatalogQuery, NoQuery, StrictQuery
from chalicelib.domain.errors import AlreadyExists
from chalicelib.domain.permissions import Permission

LIST_DISK_IMAGES = Operation(
    name="list_disk_images",
    method="GET",
    path="/disk-images",
    aliases=("/disk_images",),
    tag="Catalog",
    summary="List the disk images on offer",
    query=CatalogQuery,
    body=NoBody,
    answer=list[DiskImageAnswer],
    permission=Permission.CATALOG_READ,
    has_etag=True,
    cache_control=REVALIDATE,
)

ADD_DISK_IMAGE = Operation(
    name="add_disk_image",
    method="POST",
    path="/disk-images",
    aliases=("/disk_images",),
    tag="Catalog",
    summary="Add a disk image by hand (administrators)",
    query=StrictQuery,
    body=DiskImageBody,
    answer=DiskImageAnswer,
    permission=Permission.CATALOG_WRITE,
    security=Security.TOKEN_AND_OPTIONAL_PROOF,
    errors=(AlreadyExists,),
)

SHOW_DISK_IMAGE = Operation(
    name="show_disk_image",
    method="GET",
    path="/disk-images/{id}",
    aliases=("/disk_images/{id}",),
    tag="Catalog",
    summary="Show a disk image, hidden or not",
    query=NoQuery,
    body=NoBody,
    answer=DiskImageAnswer,
    permission=Permission.CATALOG_READ,
    has_etag=True,
    cache_control=REVALIDATE,
)

DELETE_DISK_IMAGE = Operation(
    name="delete_disk_image",
    method="DELETE",
    path="/disk-images/{id}",
    aliases=("/disk_images/{id}",),
    tag="Catalog",
    summary="Take a disk image off the offer (administrators)",
    query=NoQuery,
    body=NoBody,
    answer=DiskImageAnswer,
    permission=Permission.CATALOG_WRITE,
)

LIST_FLAVORS = Operation(
    name="list_flavors",
    method="GET",
    path="/flavors",
    tag="Catalog",
    summary="List the flavors on offer",
    query=CatalogQuery,
    body=NoBody,
    answer=list[FlavorAnswer],
    permission=Permission.CATALOG_READ,
    has_etag=True,
    cache_control=REVALIDATE,
)

ADD_FLAVOR = Operation(
    name="add_flavor",
    method="POST",
    path="/flavors",
    tag="Catalog",
    summary="Add a flavor by hand (administrators)",
    query=StrictQuery,
    body=FlavorBody,
    answer=FlavorAnswer,
    permission=Permission.CATALOG_WRITE,
    security=Security.TOKEN_AND_OPTIONAL_PROOF,
    errors=(AlreadyExists,),
)

SHOW_FLAVOR = Operation(
    name="show_flavor",
    method="GET",
    path="/flavors/{id}",
    tag="Catalog",
    summary="Show a flavor, hidden or not",
    query=NoQuery,
    body=NoBody,
    answer=FlavorAnswer,
    permission=Permission.CATALOG_READ,
    has_etag=True,
    cache_control=REVALIDATE,
)

DELETE_FLAVOR = Operation(
    name="delete_flavor",
    method="DELETE",
    path="/flavors/{id}",
    tag="Catalog",
    summary="Take a flavor off the offer (administrators)",
    query=NoQuery,
    body=NoBody,
    answer=FlavorAnswer,
    permission=Permission.CATALOG_WRITE,
)

OPERATIONS = (
    LIST_DISK_IMAGES,
    ADD_DISK_IMAGE,
    SHOW_DISK_IMAGE,
    DELETE_DISK_IMAGE,
    LIST_FLAVORS,
    ADD_FLAVOR,
    SHOW_FLAVOR,
    DELETE_FLAVOR,
)
