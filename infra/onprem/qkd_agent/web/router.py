"""Which handler answers a request. A segment is percent-decoded once, after the split."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from infra.onprem.qkd_agent.web.messages import ApiError, Request, Response, error_response

Handler = Callable[[Request], Response]
_LOG = logging.getLogger(__name__)
_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Route:
    """One method and path template, as in `/v1/links/{link_id}/samples`."""

    method: str
    template: str
    handler: Handler


def _segment_pattern(segment: str) -> re.Pattern[str]:
    pattern, end = "", 0
    for match in _PARAMETER.finditer(segment):
        pattern += re.escape(segment[end : match.start()]) + f"(?P<{match.group(1)}>.+)"
        end = match.end()
    return re.compile(pattern + re.escape(segment[end:]), re.DOTALL)


class Router:
    """Finds the handler and turns every failure into a JSON error.

    Args:
        routes: All routes of one face.
        on_error: Makes the response for an error the caller is told.
    """

    def __init__(
        self,
        routes: list[Route],
        on_error: Callable[[ApiError], Response] = error_response,
    ) -> None:
        self._on_error = on_error
        self._routes = [
            (route, [_segment_pattern(part) for part in route.template.strip("/").split("/")])
            for route in routes
        ]

    def answer(self, request: Request) -> Response:
        """Return the response to a request; it never raises."""
        try:
            return self._dispatch(request)
        except ApiError as error:
            return self._on_error(error)
        except Exception:  # noqa: BLE001  # logged; the caller gets 500 in JSON
            _LOG.exception("request failed: %s", request.method)
            return self._on_error(ApiError(500, "internal error"))

    def _dispatch(self, request: Request) -> Response:
        allowed: set[str] = set()
        for route, patterns in self._routes:
            parameters = self._match(patterns, request.segments)
            if parameters is None:
                continue
            if route.method == request.method:
                return route.handler(replace(request, parameters=parameters))
            allowed.add(route.method)
        if allowed:
            allow = ", ".join(sorted(allowed))
            raise ApiError(405, f"the methods here are {allow}", headers={"Allow": allow})
        raise ApiError(404, "there is no such path")

    @staticmethod
    def _match(patterns: list[re.Pattern[str]], segments: tuple[str, ...]) -> dict[str, str] | None:
        if len(patterns) != len(segments):
            return None
        parameters: dict[str, str] = {}
        for pattern, segment in zip(patterns, segments, strict=True):
            match = pattern.fullmatch(segment)
            if match is None:
                return None
            parameters.update(match.groupdict())
        return parameters
