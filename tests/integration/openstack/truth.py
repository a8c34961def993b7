"""What the cloud itself says, asked as its admin and not through our adapter."""

from __future__ import annotations

from typing import Any

from openstack.connection import Connection


class Truth:
    """Everything in the tenant's project, whoever made it."""

    def __init__(self, admin: Connection, project_id: str) -> None:
        self._admin = admin
        self._project_id = project_id

    def servers(self) -> list[Any]:
        return list(self._admin.compute.servers(all_projects=True, project_id=self._project_id))

    def server(self, name: str) -> Any:
        (server,) = [server for server in self.servers() if server.name == name]
        return server

    def ports(self) -> list[Any]:
        """Return the ports but those of the router."""
        ports = self._admin.network.ports(project_id=self._project_id)
        return [port for port in ports if not (port.device_owner or "").startswith("network:")]

    def floating_ips(self) -> list[Any]:
        return list(self._admin.network.ips(project_id=self._project_id))

    def leftovers(self) -> list[str]:
        """Return the ids of all that is there, each with its kind."""
        return [
            f"{kind} {one.id}"
            for kind, found in (
                ("server", self.servers()),
                ("port", self.ports()),
                ("floating IP", self.floating_ips()),
            )
            for one in found
        ]

    def allocations(self, server_id: str) -> dict[str, Any]:
        """Return what Placement holds for a server, by resource provider."""
        answer = self._admin.placement.get(f"/allocations/{server_id}")
        assert answer.status_code == 200, answer
        allocations: dict[str, Any] = answer.json()["allocations"]
        return allocations

    def console_log(self, server_id: str) -> str:
        return str(self._admin.compute.get_server_console_output(server_id)["output"])

    def actions(self, server_id: str) -> list[str]:
        """Return what was done with a server, as Nova remembers it."""
        return [action.action for action in self._admin.compute.server_actions(server_id)]
