"""Neutron's floating IPs."""

from typing import Any

from infra.local.simulator import ipam
from infra.local.simulator.neutron_views import floating_ip_view
from infra.local.simulator.state import Cloud, FloatingIP, Network, timestamp
from infra.local.simulator.web import ApiError, Request, Response, json_response


class FloatingIPs:
    """Create, move, show and delete floating IPs of external networks.

    No router is asked for: every port counts as reachable from every external network.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def views(self, request: Request) -> list[dict[str, Any]]:
        """Present all floating IPs of the caller's project."""
        return [
            floating_ip_view(self._cloud, one)
            for one in self._cloud.floating_ips.values()
            if one.project_id == request.identity.project_id
        ]

    def find(self, request: Request, floating_ip_id: str) -> FloatingIP:
        """Find one of the caller's floating IPs.

        Raises:
            ApiError: 404, there is none with this id.
        """
        found = self._cloud.floating_ips.get(floating_ip_id)
        if found is None or found.project_id != request.identity.project_id:
            raise ApiError(
                404, f"Floating IP {floating_ip_id} could not be found", "FloatingIPNotFound"
            )
        return found

    def show(self, request: Request, floating_ip_id: str) -> Response:
        """Answer GET of one floating IP."""
        return self._answer(200, self.find(request, floating_ip_id))

    def create(self, request: Request) -> Response:
        """Answer POST: take an address and, if a port is named, associate it."""
        wanted = request.json_member("floatingip")
        project_id = request.identity.project_id
        network = self._external_network(str(wanted.get("floating_network_id")))
        own = sum(one.project_id == project_id for one in self._cloud.floating_ips.values())
        if 0 <= self._cloud.quota.floating_ips <= own:
            raise ApiError(409, "Quota exceeded for resources: ['floatingip'].", "OverQuota")
        address = ipam.free_address(self._cloud, network)
        if address is None:
            raise ApiError(
                409,
                f"No more IP addresses available on network {network.network_id}.",
                "IpAddressGenerationFailure",
            )
        floating_ip = FloatingIP(network.network_id, project_id, address)
        floating_ip.description = str(wanted.get("description", ""))
        self._associate(request, floating_ip, wanted.get("port_id"))
        self._cloud.floating_ips[floating_ip.floating_ip_id] = floating_ip
        return self._answer(201, floating_ip)

    def update(self, request: Request, floating_ip_id: str) -> Response:
        """Answer PUT: associate with another port, or with none."""
        floating_ip = self.find(request, floating_ip_id)
        wanted = request.json_member("floatingip")
        if "port_id" in wanted:
            self._associate(request, floating_ip, wanted["port_id"])
        floating_ip.description = str(wanted.get("description", floating_ip.description))
        floating_ip.updated_at = timestamp()
        return self._answer(200, floating_ip)

    def delete(self, request: Request, floating_ip_id: str) -> Response:
        """Answer DELETE."""
        del self._cloud.floating_ips[self.find(request, floating_ip_id).floating_ip_id]
        return Response(204)

    def _external_network(self, network_id: str) -> Network:
        network = self._cloud.networks.get(network_id)
        if network is None:
            raise ApiError(404, f"Network {network_id} could not be found.", "NetworkNotFound")
        if not network.is_external:
            raise ApiError(
                400,
                f"Bad floatingip request: Network {network_id} is not a valid external network.",
                "BadRequest",
            )
        return network

    def _associate(self, request: Request, floating_ip: FloatingIP, port_id: str | None) -> None:
        if port_id is None:
            floating_ip.port_id = None
            return
        port = self._cloud.ports.get(port_id)
        if port is None or port.project_id != request.identity.project_id:
            raise ApiError(404, f"Port {port_id} could not be found.", "PortNotFound")
        for other in self._cloud.floating_ips.values():
            if other is not floating_ip and other.port_id == port_id:
                raise ApiError(
                    409,
                    f"Cannot associate floating IP {floating_ip.address} "
                    f"({floating_ip.floating_ip_id}) with port {port_id} using fixed IP "
                    f"{port.address}, as that fixed IP already has a floating IP on external "
                    f"network {floating_ip.network_id}.",
                    "FloatingIPPortAlreadyAssociated",
                )
        floating_ip.port_id = port_id

    def _answer(self, status: int, floating_ip: FloatingIP) -> Response:
        return json_response(status, {"floatingip": floating_ip_view(self._cloud, floating_ip)})
