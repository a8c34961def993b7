"""From a request to its answer: service, route, token, then the handler under the cloud's lock."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from infra.local.simulator.keystone import Keystone
from infra.local.simulator.state import Cloud
from infra.local.simulator.web import ApiError, Request, Response, Service

_log = logging.getLogger(__name__)


class App:
    """All APIs on one port."""

    def __init__(self, cloud: Cloud, keystone: Keystone, services: Sequence[Service]) -> None:
        self._cloud = cloud
        self._keystone = keystone
        self._routes = [(service, service.routes()) for service in services]

    def handle(self, request: Request) -> Response:
        """Answer a request; a refusal is an answer too."""
        for service, routes in self._routes:
            if _is_below(request.path, service.prefix):
                path = request.path.removeprefix(service.prefix)
                for route in routes:
                    match = route.pattern.fullmatch(path)
                    if match is None or route.method != request.method:
                        continue
                    try:
                        with self._cloud.lock:
                            self._cloud.agenda.run_due()
                            known = self._identified(request) if route.needs_token else request
                            return route.handler(known, *match.groups())
                    except ApiError as error:
                        return service.refuse(request, error)
                    except Exception:  # noqa: BLE001  the boundary: logged and answered
                        # A fault of the simulator: say so, and keep the other clients served.
                        _log.exception("%s %s failed", request.method, request.path)
                        return service.refuse(request, ApiError(500, "Unexpected API Error."))
                return service.refuse(request, ApiError(404, "The resource could not be found."))
        return Response(404, b"404 Not Found", {"Content-Type": "text/plain"})

    def refuse(self, request: Request, error: ApiError) -> Response:
        """Present a refusal in the format of the service that the path belongs to."""
        for service, _ in self._routes:
            if _is_below(request.path, service.prefix):
                return service.refuse(request, error)
        return Response(error.status, error.message.encode(), {"Content-Type": "text/plain"})

    def _identified(self, request: Request) -> Request:
        identity = self._keystone.identify(request.headers.get("x-auth-token", ""))
        return replace(request, identity=identity)


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")
