"""RESTCONF resources of ETSI GS QKD 015: node, links, applications."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from infra.onprem.qkd_agent.config_sections import Uuid
from infra.onprem.qkd_agent.control_face.guard import Body, read
from infra.onprem.qkd_agent.control_face.node_tree import NodeTree
from infra.onprem.qkd_agent.journal import Journal
from infra.onprem.qkd_agent.registry.applications import Applications
from infra.onprem.qkd_agent.registry.topology import Topology
from infra.onprem.qkd_agent.web.messages import ApiError, Request, Response, json_response
from infra.onprem.qkd_agent.web.router import Route

_MODULE = "etsi-qkd-sdn-node"
_ROOT = f"/restconf/data/{_MODULE}:qkd_node"
_MEDIA_TYPE = "application/yang-data+json"
_U32 = Annotated[int, Field(ge=0, le=2**32 - 1)]
_SaeUri = Annotated[str, Field(min_length=1, max_length=256)]


class _Qos(Body):
    max_bandwidth: _U32 | None = None
    min_bandwidth: _U32 | None = None
    jitter: _U32 | None = None
    ttl: Annotated[int, Field(ge=1, le=2**31)] | None = None
    clients_shared_path_enable: bool | None = None
    clients_shared_keys_required: bool | None = None


class _App(Body):
    app_id: Uuid
    app_type: str = "etsi-qkd-node-types:CLIENT"
    server_app_id: _SaeUri
    client_app_id: Annotated[list[_SaeUri], Field(min_length=1, max_length=64)]
    app_priority: _U32 = 0
    expiration_time: AwareDatetime | None = None
    backing_qkdl_id: Annotated[list[Uuid], Field(max_length=64, default_factory=list)]
    local_qkdn_id: Uuid | None = None
    remote_qkdn_id: Uuid
    app_qos: _Qos = _Qos()


class _Apps(Body):
    qkd_app: Annotated[list[_App], Field(alias=f"{_MODULE}:qkd_app", min_length=1, max_length=1)]


class _LinkPatch(Body):
    qkdl_enable: bool


class _LinkPatches(Body):
    qkd_link: Annotated[
        list[_LinkPatch], Field(alias=f"{_MODULE}:qkd_link", min_length=1, max_length=1)
    ]


def _answer(status: int, body: object) -> Response:
    return json_response(status, body, media_type=_MEDIA_TYPE)


@dataclass(frozen=True)
class Restconf:
    """The resources under /restconf/data."""

    tree: NodeTree
    topology: Topology
    applications: Applications
    journal: Journal
    clock: Callable[[], float]

    def routes(self) -> list[Route]:
        """Return the routes."""
        link, apps = f"{_ROOT}/qkd_links/qkd_link={{link_id}}", f"{_ROOT}/qkd_applications"
        app = f"{apps}/qkd_app={{app_id}}"
        return [
            Route("GET", _ROOT, self._node),
            Route("GET", f"{_ROOT}/qkd_links", self._links),
            Route("GET", link, self._link),
            Route("PATCH", link, self._patch_link),
            Route("GET", apps, self._apps),
            Route("POST", apps, self._post_app),
            Route("GET", app, self._app),
            Route("PUT", app, self._put_app),
            Route("DELETE", app, self._delete_app),
        ]

    def _node(self, _request: Request) -> Response:
        return _answer(200, {f"{_MODULE}:qkd_node": self.tree.node(self.clock())})

    def _links(self, _request: Request) -> Response:
        return _answer(200, {f"{_MODULE}:qkd_links": {"qkd_link": self.tree.links()}})

    def _link(self, request: Request) -> Response:
        link = self.tree.link(request.parameters["link_id"])
        if link is None:
            raise ApiError(404, "there is no such link")
        return _answer(200, {f"{_MODULE}:qkd_link": [link]})

    def _patch_link(self, request: Request) -> Response:
        link = self.topology.links.get(request.parameters["link_id"])
        if link is None:
            raise ApiError(404, "there is no such physical link")
        patch = read(_LinkPatches, request).qkd_link[0]
        link.south.enable(enabled=patch.qkdl_enable)
        return Response(204, b"")

    def _apps(self, _request: Request) -> Response:
        now = self.clock()
        shown = [self.tree.app(application, now) for application in self.applications.all()]
        return _answer(200, {f"{_MODULE}:qkd_applications": {"qkd_app": shown}})

    def _app(self, request: Request) -> Response:
        application = self.applications.get(request.parameters["app_id"])
        if application is None:
            raise ApiError(404, "there is no such application")
        return _answer(200, {f"{_MODULE}:qkd_app": [self.tree.app(application, self.clock())]})

    def _post_app(self, request: Request) -> Response:
        app = read(_Apps, request).qkd_app[0]
        if self.applications.get(app.app_id) is not None:
            raise ApiError(409, "there is such an application already")
        return self._store(app)

    def _put_app(self, request: Request) -> Response:
        app = read(_Apps, request).qkd_app[0]
        if app.app_id != request.parameters["app_id"]:
            raise ApiError(400, "app_id differs from the one in the path")
        return self._store(app)

    def _delete_app(self, request: Request) -> Response:
        app_id = request.parameters["app_id"]
        if not self.applications.delete(app_id):
            raise ApiError(404, "there is no such application")
        self.journal.notify(
            "sdqkdn_application_disconnected", {"qkd_application": {"app_id": app_id}}
        )
        return Response(204, b"")

    def _store(self, app: _App) -> Response:
        if self.topology.kme_of_node(app.remote_qkdn_id) is None:
            raise ApiError(400, "no link or path leads to remote_qkdn_id")
        known = {*self.topology.links, *(path.path_id for path in self.topology.paths)}
        if not known.issuperset(app.backing_qkdl_id):
            raise ApiError(400, "backing_qkdl_id is not a link of this node")
        body = app.model_dump(mode="json", exclude_none=True, exclude={"app_id"})
        expires_at = app.expiration_time.timestamp() if app.expiration_time else None
        is_new = self.applications.put(app.app_id, body, expires_at)
        self._tell(app.app_id, body, is_new=is_new)
        return Response(201 if is_new else 204, b"")

    def _tell(self, app_id: str, body: dict[str, Any], *, is_new: bool) -> None:
        shown: dict[str, Any] = {name: body[name] for name in ("app_qos", "app_priority")}
        if is_new:
            for name in ("app_type", "server_app_id", "client_app_id"):
                shown[name] = body[name]
            shown["local_qkdn_id"] = self.tree.agent.node_id
            self.journal.notify("sdqkdn_application_new", {"qkd_application": shown})
        else:
            shown["app_id"] = app_id
            self.journal.notify("sdqkdn_application_qos_update", {"qkd_application": shown})
