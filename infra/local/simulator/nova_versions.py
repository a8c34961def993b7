"""Nova's microversions: the version document, and the headers of every request and answer."""

import re
from collections.abc import Callable
from dataclasses import replace

from infra.local.simulator.web import ApiError, Request, Response, json_response

MAX_MINOR = 104


def show(request: Request) -> Response:
    """Answer the version document, which the SDK reads to choose a microversion."""
    version = {
        "id": "v2.1",
        "status": "CURRENT",
        "version": f"2.{MAX_MINOR}",
        "min_version": "2.1",
        "updated": "2013-07-23T11:33:21Z",
        "links": [
            {"rel": "self", "href": f"{request.origin}/compute/v2.1/"},
            {"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"},
        ],
        "media-types": [
            {
                "base": "application/json",
                "type": "application/vnd.openstack.compute+json;version=2.1",
            }
        ],
    }
    return json_response(200, {"version": version})


def versioned(handler: Callable[..., Response]) -> Callable[..., Response]:
    """Make a handler refuse unknown microversions, and name the one it answers with."""

    def answer(request: Request, *groups: str) -> Response:
        version_headers = headers(request)
        asked = version_headers["OpenStack-API-Version"].removeprefix("compute ")
        match = re.fullmatch(r"2\.(\d+)", asked)
        if match is None or not 1 <= int(match[1]) <= MAX_MINOR:
            raise ApiError(
                406,
                f"Version {asked} is not supported by the API. "
                f"Minimum is 2.1 and maximum is 2.{MAX_MINOR}.",
            )
        response = handler(request, *groups)
        return replace(response, headers={**response.headers, **version_headers})

    return answer


def headers(request: Request) -> dict[str, str]:
    """Make the headers that name the microversion of an answer."""
    asked = request.headers.get("openstack-api-version", "compute 2.1").removeprefix("compute ")
    minor = f"2.{MAX_MINOR}" if asked == "latest" else asked
    return {
        "OpenStack-API-Version": f"compute {minor}",
        "X-OpenStack-Nova-API-Version": minor,
        "Vary": "OpenStack-API-Version, X-OpenStack-Nova-API-Version",
    }
