"""Nova v2.1, as a tenant sees it."""

import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from infra.local.simulator import keystone, nova_create, nova_versions, nova_views
from infra.local.simulator.faults import Effect, Faults
from infra.local.simulator.nova_lifecycle import Lifecycle
from infra.local.simulator.state import Cloud, Server
from infra.local.simulator.web import ApiError, Request, Response, Route, json_response, page, route

_Test = Callable[[str], bool]

_MAX_PAGE = 1000
_ERROR_NAMES = {
    400: "badRequest",
    403: "forbidden",
    404: "itemNotFound",
    406: "computeFault",
    409: "conflictingRequest",
    413: "overLimit",
    429: "overLimit",
    503: "serviceUnavailable",
}


class Nova:
    """The compute API. Whatever microversion is asked for, bodies have the shape of 2.100."""

    prefix = "/compute"

    def __init__(self, cloud: Cloud, lifecycle: Lifecycle, faults: Faults) -> None:
        self._cloud = cloud
        self._lifecycle = lifecycle
        self._faults = faults

    def routes(self) -> list[Route]:
        """List everything the service answers."""
        server = "/v2.1/servers/([^/]+)"
        routes = [
            route("GET", "/v2.1/?", nova_versions.show, needs_token=False),
            route("GET", "/v2.1/flavors/detail", self._list_flavors),
            route("GET", "/v2.1/flavors/([^/]+)", self._show_flavor),
            route("GET", "/v2.1/limits", self._show_limits),
            route("GET", "/v2.1/os-quota-sets/([^/]+)", self._show_quota),
            route("GET", "/v2.1/servers/detail", self._list),
            route("POST", "/v2.1/servers", self._create),
            route("GET", server, self._show),
            route("DELETE", server, self._delete),
            route("POST", f"{server}/action", self._act),
            route("POST", f"{server}/metadata", self._update_metadata),
            route("DELETE", f"{server}/metadata/([^/]+)", self._delete_metadata),
            route("POST", f"{server}/remote-consoles", self._create_console),
        ]
        return [replace(one, handler=nova_versions.versioned(one.handler)) for one in routes]

    @staticmethod
    def refuse(request: Request, error: ApiError) -> Response:
        """Present a refusal as Nova does."""
        if error.status == HTTPStatus.UNAUTHORIZED:
            return keystone.unauthorized(error.message)
        name = _ERROR_NAMES.get(error.status, "computeFault")
        body = {name: {"code": error.status, "message": error.message}}
        headers = {"Content-Type": "application/json; charset=UTF-8"}
        return json_response(error.status, body, {**nova_versions.headers(request), **headers})

    def _list_flavors(self, request: Request) -> Response:
        views = [
            nova_views.flavor_view(one, request.origin) for one in self._cloud.flavors.values()
        ]
        return _listing("flavors", views, request)

    def _show_flavor(self, request: Request, flavor_id: str) -> Response:
        flavor = self._cloud.flavors.get(flavor_id)
        if flavor is None:
            raise ApiError(404, f"Flavor {flavor_id} could not be found.")
        return json_response(200, {"flavor": nova_views.flavor_view(flavor, request.origin)})

    def _show_limits(self, request: Request) -> Response:
        used = nova_create.usage(self._cloud, request.identity.project_id)
        return json_response(200, nova_views.limits_view(self._cloud.quota, used))

    def _show_quota(self, request: Request, project_id: str) -> Response:
        if project_id != request.identity.project_id:
            raise ApiError(
                403, "Policy doesn't allow os_compute_api:os-quota-sets:show to be performed."
            )
        quota = self._cloud.quota
        limits = {"instances": quota.instances, "cores": quota.cores, "ram": quota.ram}
        fixed = {"key_pairs": 100, "metadata_items": 128, "server_group_members": 10}
        quota_set = {"id": project_id, **limits, **fixed, "server_groups": 10}
        return json_response(200, {"quota_set": quota_set})

    def _list(self, request: Request) -> Response:
        servers = [
            server
            for server in self._cloud.servers.values()
            if server.project_id == request.identity.project_id
            and server.vm_state != "deleted"
            and _matches(server, request)
        ]
        # Newest first; the dictionary keeps the order of creation within one second.
        views = [
            nova_views.server_view(self._cloud, one, request.origin) for one in reversed(servers)
        ]
        return _listing("servers", views, request)

    def _create(self, request: Request) -> Response:
        wanted = request.json_member("server")
        server = nova_create.accept(self._cloud, wanted, request.identity)
        fault = self._faults.take(request.method, request.path, Effect.SPAWN_ERROR)
        if fault is not None:
            server.build_failure = fault.message
        self._lifecycle.build(server)
        location = f"{request.origin}/compute/v2.1/servers/{server.server_id}"
        view = nova_views.created_view(server, request.origin)
        return json_response(202, {"server": view}, {"Location": location})

    def _show(self, request: Request, server_id: str) -> Response:
        server = self._server(request, server_id, "show")
        view = nova_views.server_view(self._cloud, server, request.origin)
        return json_response(200, {"server": view})

    def _server(self, request: Request, server_id: str, action: str) -> Server:
        server = self._cloud.servers.get(server_id)
        if server is None:
            raise ApiError(404, f"Instance {server_id} could not be found.")
        if server.project_id != request.identity.project_id:
            raise ApiError(
                403, f"Policy doesn't allow os_compute_api:servers:{action} to be performed."
            )
        return server

    def _delete(self, request: Request, server_id: str) -> Response:
        server = self._server(request, server_id, "delete")
        if server.vm_state == "deleted":
            raise ApiError(404, f"Instance {server_id} could not be found.")
        fault = self._faults.take(request.method, request.path, Effect.DELETE_ERROR_ONCE)
        if fault is not None:
            server.delete_failure = fault.message
        self._lifecycle.delete(server)
        return Response(204, headers={"Content-Type": "application/json"})

    def _act(self, request: Request, server_id: str) -> Response:
        server = self._server(request, server_id, "action")
        action, argument = next(iter(request.json_object().items()), ("", None))
        if action == "os-getConsoleOutput":
            return json_response(200, {"output": nova_views.console_output(server)})
        if action == "reboot" and isinstance(argument, dict):
            self._lifecycle.reboot(server, str(argument.get("type")))
        elif action == "os-stop":
            self._lifecycle.stop(server)
        elif action == "os-start":
            self._lifecycle.start(server)
        else:
            raise ApiError(400, f"There is no such action: {action}")
        return Response(202, headers={"Content-Type": "application/json"})

    def _update_metadata(self, request: Request, server_id: str) -> Response:
        server = self._changeable(request, server_id, "update metadata")
        server.metadata.update(
            {key: str(value) for key, value in request.json_member("metadata").items()}
        )
        return json_response(200, {"metadata": server.metadata})

    def _delete_metadata(self, request: Request, server_id: str, key: str) -> Response:
        server = self._changeable(request, server_id, "delete metadata")
        if server.metadata.pop(key, None) is None:
            raise ApiError(404, "Metadata item was not found")
        return Response(204)

    def _changeable(self, request: Request, server_id: str, action: str) -> Server:
        server = self._server(request, server_id, "update")
        if server.vm_state not in {"active", "stopped"}:
            raise ApiError(
                409,
                f"Cannot '{action}' instance {server_id} while it is in vm_state {server.vm_state}",
            )
        return server

    def _create_console(self, request: Request, server_id: str) -> Response:
        server = self._server(request, server_id, "show")
        wanted = request.json_member("remote_console")
        if (wanted.get("protocol"), wanted.get("type")) != ("vnc", "novnc"):
            raise ApiError(400, "Unavailable console type.")
        if server.power_state == 0:
            raise ApiError(409, f"Instance {server_id} is not ready")
        console = nova_views.remote_console(server, "vnc", "novnc", request.origin)
        return json_response(200, {"remote_console": console})


def _matches(server: Server, request: Request) -> bool:
    """Apply the filters a tenant may use; unknown ones are ignored, as Nova does."""
    own = set(server.tags)
    tests: dict[str, _Test] = {
        "name": lambda value: bool(re.search(value, server.name)),
        "status": lambda value: value.upper() == nova_views.server_status(server),
        "tags": lambda value: set(value.split(",")) <= own,
        "tags-any": lambda value: bool(set(value.split(",")) & own),
        "not-tags": lambda value: not set(value.split(",")) <= own,
        "uuid": lambda value: value == server.server_id,
    }
    try:
        return all(tests[key](value) for key, value in request.query if key in tests)
    except re.error as error:
        raise ApiError(400, "Invalid regular expression in name.") from error


def _listing(name: str, views: list[dict[str, Any]], request: Request) -> Response:
    chosen, marker = page(views, request, _MAX_PAGE)
    answer: dict[str, Any] = {name: chosen}
    if marker is not None:
        rest = [(key, value) for key, value in request.query if key != "marker"]
        href = f"{request.origin}{request.path}?{urlencode([*rest, ('marker', marker)])}"
        answer[f"{name}_links"] = [{"rel": "next", "href": href}]
    return json_response(200, answer)
