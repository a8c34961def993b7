"""Glance v2, as a tenant sees it: the catalog of disk images, read only."""

import html
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from infra.local.simulator import keystone
from infra.local.simulator.state import Cloud, DiskImage
from infra.local.simulator.web import ApiError, Request, Response, Route, json_response, page, route

_DEFAULT_PAGE = 25
_MAX_PAGE = 1000
_NOT_FILTERS = frozenset({"limit", "marker", "sort", "sort_key", "sort_dir", "member_status"})
_VERSIONS = ("15", "13", "12", "11", "10", "9", "8", "17", "7", "6", "5", "4", "3", "2", "1", "0")
_CURRENT = "17"


class Glance:
    """The image API."""

    prefix = "/image"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def routes(self) -> list[Route]:
        """List everything the service answers."""
        return [
            route("GET", "/?", self._versions, needs_token=False),
            route("GET", "/v2/?", self._versions, needs_token=False),
            route("GET", "/v2/images", self._list),
            route("GET", "/v2/images/([^/]+)", self._show),
        ]

    @staticmethod
    def refuse(request: Request, error: ApiError) -> Response:
        """Present a refusal as Glance does: a page of HTML that repeats the status."""
        del request
        if error.status == HTTPStatus.UNAUTHORIZED:
            return keystone.unauthorized(error.message)
        title = f"{error.status} {HTTPStatus(error.status).phrase}"
        page_text = (
            f"<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n"
            f"  <h1>{title}</h1>\n  {html.escape(error.message)}<br /><br />\n\n\n\n"
            " </body>\n</html>"
        )
        headers = {"Content-Type": "text/html; charset=UTF-8"}
        return Response(error.status, page_text.encode(), headers)

    @staticmethod
    def _versions(request: Request) -> Response:
        links = [{"rel": "self", "href": f"{request.origin}/image/v2/"}]
        versions = [
            {
                "id": f"v2.{minor}",
                "status": "CURRENT" if minor == _CURRENT else "SUPPORTED",
                "links": links,
            }
            for minor in _VERSIONS
        ]
        return json_response(300, {"versions": versions})

    def _list(self, request: Request) -> Response:
        images = [
            _view(disk_image)
            for disk_image in self._cloud.disk_images.values()
            if _is_visible(disk_image, request)
        ]
        images.sort(key=lambda image: (image["created_at"], image["id"]), reverse=True)
        matching = [image for image in images if _matches(image, request)]
        default = _MAX_PAGE if request.first("limit") else _DEFAULT_PAGE
        chosen, marker = page(matching, request, default)
        filters = [(key, value) for key, value in request.query if key != "marker"]
        answer: dict[str, Any] = {"images": chosen}
        if marker is not None:
            answer["next"] = _link([*filters, ("marker", marker)])
        return json_response(
            200, {**answer, "first": _link(filters), "schema": "/v2/schemas/images"}
        )

    def _show(self, request: Request, disk_image_id: str) -> Response:
        disk_image = self._cloud.disk_images.get(disk_image_id)
        if disk_image is None or not _is_visible(disk_image, request):
            raise ApiError(404, f"No image found with ID {disk_image_id}")
        return json_response(200, _view(disk_image))


def _is_visible(disk_image: DiskImage, request: Request) -> bool:
    is_owner = disk_image.owner_id == request.identity.project_id
    return disk_image.visibility in {"public", "community"} or is_owner


def _matches(image: dict[str, Any], request: Request) -> bool:
    wanted = {"os_hidden": "false"}
    wanted.update({key: value for key, value in request.query if key not in _NOT_FILTERS})
    tags = {value for key, value in request.query if key == "tag"}
    wanted.pop("tag", None)
    is_tagged = tags <= set(image["tags"])
    return is_tagged and all(
        str(image.get(key)).lower() == value.lower() for key, value in wanted.items()
    )


def _link(query: list[tuple[str, str]]) -> str:
    return f"/v2/images?{urlencode(query)}" if query else "/v2/images"


def _view(disk_image: DiskImage) -> dict[str, Any]:
    location = f"/v2/images/{disk_image.disk_image_id}"
    has_data = disk_image.status == "active"
    size = disk_image.size_bytes if has_data else None
    view: dict[str, Any] = {
        **disk_image.properties,
        "name": disk_image.name,
        "disk_format": "raw",
        "container_format": "bare",
        "visibility": disk_image.visibility,
        "size": size,
        "virtual_size": size,
        "status": disk_image.status,
        "checksum": disk_image.disk_image_id.replace("-", "") if has_data else None,
        "protected": disk_image.is_protected,
        "min_ram": disk_image.min_ram_mib,
        "min_disk": disk_image.min_disk_gib,
        "owner": disk_image.owner_id,
        "os_hidden": False,
        "os_hash_algo": "sha512" if has_data else None,
        "os_hash_value": disk_image.disk_image_id.replace("-", "") * 4 if has_data else None,
        "id": disk_image.disk_image_id,
        "created_at": disk_image.created_at,
        "updated_at": disk_image.updated_at,
        "tags": disk_image.tags,
        "self": location,
        "file": f"{location}/file",
        "schema": "/v2/schemas/image",
    }
    # Glance names the store only once it holds the bytes.
    return {**view, "stores": "simulator"} if has_data else view
