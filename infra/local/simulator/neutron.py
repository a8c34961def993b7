"""Neutron v2.0, as a tenant sees it: networks, subnets, ports, floating IPs and tags."""

from http import HTTPStatus
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlencode

from infra.local.simulator import ipam, keystone, neutron_views
from infra.local.simulator.neutron_floating_ips import FloatingIPs
from infra.local.simulator.state import Cloud, Network, Port
from infra.local.simulator.web import ApiError, Request, Response, Route, json_response, page, route

_MAX_PAGE = 10_000
_MAX_TAG = 255
_POST_ATTRIBUTES = frozenset({
    "network_id", "name", "description", "fixed_ips", "admin_state_up", "security_groups",
    "port_security_enabled", "binding:vnic_type", "project_id", "tenant_id",
})  # fmt: skip
_NOT_FILTERS = frozenset({"limit", "marker", "sort_key", "sort_dir", "page_reverse", "fields"})


class Neutron:
    """The network API."""

    prefix = "/network"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._floating_ips = FloatingIPs(cloud)

    def routes(self) -> list[Route]:
        """List everything the service answers."""
        one = "([^/]+?)(?:\\.json)?"
        return [
            route("GET", "/?", self._versions, needs_token=False),
            route("GET", "/v2.0/networks", self._list_networks),
            route("GET", f"/v2.0/networks/{one}", self._show_network),
            route("GET", "/v2.0/subnets", self._list_subnets),
            route("GET", f"/v2.0/subnets/{one}", self._show_subnet),
            route("GET", "/v2.0/ports", self._list_ports),
            route("POST", "/v2.0/ports", self._create_port),
            route("GET", f"/v2.0/ports/{one}", self._show_port),
            route("DELETE", f"/v2.0/ports/{one}", self._delete_port),
            route("GET", "/v2.0/floatingips", self._list_floating_ips),
            route("POST", "/v2.0/floatingips", self._floating_ips.create),
            route("GET", f"/v2.0/floatingips/{one}", self._floating_ips.show),
            route("PUT", f"/v2.0/floatingips/{one}", self._floating_ips.update),
            route("DELETE", f"/v2.0/floatingips/{one}", self._floating_ips.delete),
            route("PUT", "/v2.0/(ports|floatingips)/([^/]+)/tags", self._set_tags),
            route("GET", f"/v2.0/quotas/{one}", self._show_quota),
        ]

    @staticmethod
    def refuse(request: Request, error: ApiError) -> Response:
        """Present a refusal as Neutron does."""
        del request
        if error.status == HTTPStatus.UNAUTHORIZED:
            return keystone.unauthorized(error.message)
        body = {"type": error.kind, "message": error.message, "detail": ""}
        return json_response(error.status, {"NeutronError": body})

    @staticmethod
    def _versions(request: Request) -> Response:
        links = [{"rel": "self", "href": f"{request.origin}/network/v2.0/"}]
        return json_response(
            200, {"versions": [{"id": "v2.0", "status": "CURRENT", "links": links}]}
        )

    def _visible_networks(self, request: Request) -> list[Network]:
        return [one for one in self._cloud.networks.values() if _is_visible(one, request)]

    def _list_networks(self, request: Request) -> Response:
        views = [neutron_views.network_view(one) for one in self._visible_networks(request)]
        return _listing("networks", views, request)

    def _show_network(self, request: Request, network_id: str) -> Response:
        network = self._network(request, network_id)
        return json_response(200, {"network": neutron_views.network_view(network)})

    def _network(self, request: Request, network_id: str) -> Network:
        network = self._cloud.networks.get(network_id)
        if network is None or not _is_visible(network, request):
            raise ApiError(404, f"Network {network_id} could not be found.", "NetworkNotFound")
        return network

    def _list_subnets(self, request: Request) -> Response:
        views = [neutron_views.subnet_view(one) for one in self._visible_networks(request)]
        return _listing("subnets", views, request)

    def _show_subnet(self, request: Request, subnet_id: str) -> Response:
        for network in self._visible_networks(request):
            if network.subnet_id == subnet_id:
                return json_response(200, {"subnet": neutron_views.subnet_view(network)})
        raise ApiError(404, f"Subnet {subnet_id} could not be found.", "SubnetNotFound")

    def _list_ports(self, request: Request) -> Response:
        own = [
            neutron_views.port_view(port)
            for port in self._cloud.ports.values()
            if port.project_id == request.identity.project_id
        ]
        return _listing("ports", own, request)

    def _show_port(self, request: Request, port_id: str) -> Response:
        return json_response(200, {"port": neutron_views.port_view(self._port(request, port_id))})

    def _port(self, request: Request, port_id: str) -> Port:
        port = self._cloud.ports.get(port_id)
        if port is None or port.project_id != request.identity.project_id:
            raise ApiError(404, f"Port {port_id} could not be found.", "PortNotFound")
        return port

    def _create_port(self, request: Request) -> Response:
        wanted = request.json_member("port")
        unknown = sorted(set(wanted) - _POST_ATTRIBUTES)
        if unknown:
            raise ApiError(400, f"Unrecognized attribute(s) '{', '.join(unknown)}'")
        if "network_id" not in wanted:
            raise ApiError(
                400, "Failed to parse request. Required attribute 'network_id' not specified"
            )
        network = self._network(request, str(wanted["network_id"]))
        address = _wanted_address(wanted)
        project_id = request.identity.project_id
        if address is not None and network.project_id != project_id:
            raise ApiError(
                403,
                "(rule:create_port and (rule:create_port:fixed_ips and "
                "rule:create_port:fixed_ips:ip_address)) is disallowed by policy",
                "PolicyNotAuthorized",
            )
        own = sum(port.project_id == project_id for port in self._cloud.ports.values())
        if 0 <= self._cloud.quota.ports <= own:
            raise ApiError(409, "Quota exceeded for resources: ['port'].", "OverQuota")
        port = ipam.create_port(self._cloud, network, project_id, address)
        port.name = str(wanted.get("name", ""))
        port.description = str(wanted.get("description", ""))
        return json_response(201, {"port": neutron_views.port_view(port)})

    def _delete_port(self, request: Request, port_id: str) -> Response:
        port = self._port(request, port_id)
        if port.device_owner.startswith("compute:"):
            # Neutron 29 answers 403 here, where older releases said 409.
            raise ApiError(403, "rule:delete_port is disallowed by policy", "PolicyNotAuthorized")
        ipam.delete_port(self._cloud, port_id)
        return Response(204)

    def _list_floating_ips(self, request: Request) -> Response:
        return _listing("floatingips", self._floating_ips.views(request), request)

    def _set_tags(self, request: Request, kind: str, record_id: str) -> Response:
        tags = request.json_object().get("tags")
        is_valid = isinstance(tags, list) and all(
            isinstance(tag, str) and 0 < len(tag) <= _MAX_TAG for tag in tags
        )
        if not isinstance(tags, list) or not is_valid:
            raise ApiError(400, "Invalid input for tags. Reason: not a list of short strings.")
        if kind == "ports":
            self._port(request, record_id).tags = sorted(set(tags))
        else:
            self._floating_ips.find(request, record_id).tags = sorted(set(tags))
        return json_response(200, {"tags": sorted(set(tags))})

    def _show_quota(self, request: Request, project_id: str) -> Response:
        del request, project_id
        quota = self._cloud.quota
        limits = {"network": 100, "subnet": 100, "port": quota.ports}
        return json_response(200, {"quota": {**limits, "floatingip": quota.floating_ips}})


def _is_visible(network: Network, request: Request) -> bool:
    is_owner = network.project_id == request.identity.project_id
    return network.is_shared or network.is_external or is_owner


def _wanted_address(wanted: dict[str, Any]) -> IPv4Address | None:
    fixed_ips = wanted.get("fixed_ips") or [{}]
    address = fixed_ips[0].get("ip_address")
    if address is None:
        return None
    try:
        return IPv4Address(address)
    except ValueError as error:
        raise ApiError(400, f"Invalid input for fixed_ips. Reason: {error}.") from error


def _listing(name: str, views: list[dict[str, Any]], request: Request) -> Response:
    matching = [view for view in views if _matches(view, request)]
    chosen, marker = page(matching, request, _MAX_PAGE)
    answer: dict[str, Any] = {name: chosen}
    if marker is not None and request.first("limit"):
        rest = [(key, value) for key, value in request.query if key != "marker"]
        href = f"{request.origin}{request.path}?{urlencode([*rest, ('marker', marker)])}"
        answer[f"{name}_links"] = [{"rel": "next", "href": href}]
    return json_response(200, answer)


def _matches(view: dict[str, Any], request: Request) -> bool:
    wanted: dict[str, set[str]] = {}
    for key, value in request.query:
        if key not in _NOT_FILTERS:
            wanted.setdefault(key, set()).add(value)
    return all(_matches_filter(view, key, values) for key, values in wanted.items())


def _matches_filter(view: dict[str, Any], key: str, values: set[str]) -> bool:
    if key in {"tags", "tags-any"}:
        tags = {tag for value in values for tag in value.split(",")}
        common = tags & set(view["tags"])
        return bool(common) if key == "tags-any" else common == tags
    if key == "fixed_ips":
        own = {f"ip_address={fixed['ip_address']}" for fixed in view["fixed_ips"]}
        return bool(own & values)
    # Repeated filters mean "one of"; an unknown one is ignored, as the services do.
    if key not in view:
        return True
    own_text = str(view[key])
    if isinstance(view[key], bool):
        return own_text.lower() in {value.lower() for value in values}
    return own_text in values
