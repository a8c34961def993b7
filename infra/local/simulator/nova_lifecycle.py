"""A server's life after Nova has accepted it: build, reboot, delete, and how each can fail."""

from collections.abc import Callable

from infra.local.simulator import ipam
from infra.local.simulator.state import (
    NIC,
    Cloud,
    Network,
    Port,
    RequestedNIC,
    Server,
    precise_timestamp,
    timestamp,
)
from infra.local.simulator.timings import Timings
from infra.local.simulator.web import ApiError

HOST_ID = "5e1572c7859ce049d8d9a894faff9511472b29b0f4b7ba20b1981caf"
_RUNNING = 1
_SHUT_DOWN = 4


class Lifecycle:
    """Moves servers from state to state by events on the cloud's agenda."""

    def __init__(
        self,
        cloud: Cloud,
        timings: Timings,
        on_accepted: Callable[[Server], None],
        on_active: Callable[[Server], None],
    ) -> None:
        self._cloud = cloud
        self._timings = timings
        self._on_accepted = on_accepted
        self._on_active = on_active

    def build(self, server: Server) -> None:
        """Plan the building of an accepted server.

        The phases are those a client can see: scheduling, none, networking, spawning.
        """
        after, boot = self._cloud.agenda.after, self._timings.boot
        if not server.flavor.is_schedulable:
            after(self._timings.no_host, lambda: self._fail(server, "No valid host was found. "))
            return
        after(0.15 * boot, lambda: self._scheduled(server))
        after(0.3 * boot, lambda: self._plug(server))
        after(0.6 * boot, lambda: self._spawn(server))
        after(boot, lambda: self._finish(server))
        self._on_accepted(server)

    def delete(self, server: Server) -> None:
        """Accept a deletion; asking again while it runs changes nothing."""
        is_running = server.is_delete_requested
        server.is_delete_requested = True
        _set_task(server, "deleting")
        # A spawn in progress is not interrupted: the deletion takes effect at its end.
        if not is_running and server.vm_state != "building":
            self._cloud.agenda.after(self._timings.delete, lambda: self._terminate(server))

    def reboot(self, server: Server, kind: str) -> None:
        """Reboot a running server; HARD shows another task state, and works in ERROR too."""
        is_hard = kind == "HARD"
        _require(server, "reboot", {"active", "stopped", "error"} if is_hard else {"active"})
        _set_task(server, "reboot_started_hard" if is_hard else "reboot_started")
        self._cloud.agenda.after(
            self._timings.reboot, lambda: self._settle(server, "active", _RUNNING)
        )

    def stop(self, server: Server) -> None:
        """Power a running server off."""
        _require(server, "stop", {"active", "error"})
        _set_task(server, "powering-off")
        self._cloud.agenda.after(
            self._timings.reboot, lambda: self._settle(server, "stopped", _SHUT_DOWN)
        )

    def start(self, server: Server) -> None:
        """Power a stopped server on."""
        _require(server, "start", {"stopped"})
        _set_task(server, "powering-on")
        self._cloud.agenda.after(
            self._timings.reboot, lambda: self._settle(server, "active", _RUNNING)
        )

    @staticmethod
    def _settle(server: Server, vm_state: str, power_state: int) -> None:
        if not server.is_delete_requested and server.vm_state != "deleted":
            server.vm_state, server.power_state = vm_state, power_state
            _set_task(server, None)

    @staticmethod
    def _scheduled(server: Server) -> None:
        server.host_id = HOST_ID
        _set_build_task(server, None)

    def _plug(self, server: Server) -> None:
        """Give the server its ports; a failure shows only when the build ends."""
        _set_build_task(server, "networking")
        for requested in server.requested_nics:
            try:
                server.nics.append(self._plug_one(server, requested))
            except ApiError as error:
                server.build_failure = _hidden_cause(server, requested, error)
                return
        server.is_networked = True

    def _plug_one(self, server: Server, requested: RequestedNIC) -> NIC:
        port = self._cloud.ports.get(requested.port_id or "")
        if requested.port_id is None:
            network = self._cloud.networks[requested.network_id or ""]
            port = self._create_port(server, network, requested)
        if port is None or self._is_plugged_elsewhere(server, port):
            raise ApiError(409, "", "VirtualInterfaceCreateException")
        ipam.bind_port(port, server.server_id)
        network = self._cloud.networks[port.network_id]
        return NIC(port.port_id, network.name, port.address, port.mac_address)

    def _create_port(self, server: Server, network: Network, requested: RequestedNIC) -> Port:
        if requested.address is not None and requested.address not in network.cidr:
            raise ApiError(400, "", "InvalidIpForNetwork")
        port = ipam.create_port(self._cloud, network, server.project_id, requested.address)
        server.created_port_ids.append(port.port_id)
        return port

    def _is_plugged_elsewhere(self, server: Server, port: Port) -> bool:
        """Ask Nova's own table of MAC addresses: it outlives the port's ``device_id``."""
        return any(
            nic.port_id == port.port_id
            for other in self._cloud.servers.values()
            if other is not server
            for nic in other.nics
        )

    @staticmethod
    def _spawn(server: Server) -> None:
        server.has_config_drive = True
        _set_build_task(server, "spawning")

    def _finish(self, server: Server) -> None:
        if server.build_failure is not None:
            self._fail(server, server.build_failure)
            return
        server.vm_state, server.power_state = "active", _RUNNING
        server.launched_at = precise_timestamp()
        if server.is_delete_requested:
            self._cloud.agenda.after(self._timings.delete, lambda: self._terminate(server))
            return
        _set_task(server, None)
        self._on_active(server)

    def _fail(self, server: Server, message: str) -> None:
        self._release_network(server)
        server.vm_state = "error"
        server.fault = {"code": 500, "created": timestamp(), "message": message}
        if server.is_delete_requested:
            self._cloud.agenda.after(self._timings.delete, lambda: self._terminate(server))
        else:
            _set_task(server, None)

    def _terminate(self, server: Server) -> None:
        self._release_network(server)
        if server.delete_failure is not None:
            message = f"Failed to terminate instance: {server.delete_failure}"
            server.fault = {"code": 400, "created": timestamp(), "message": message}
            server.vm_state, server.is_delete_requested = "error", False
            server.delete_failure = None
            _set_task(server, None)
            return
        server.vm_state, server.power_state = "deleted", 0
        server.terminated_at = precise_timestamp()
        _set_task(server, None)
        self._cloud.agenda.after(
            self._timings.deleted_window, lambda: self._forget(server.server_id)
        )

    def _forget(self, server_id: str) -> None:
        self._cloud.servers.pop(server_id, None)

    def _release_network(self, server: Server) -> None:
        """Delete the ports Nova made and unbind those it was given.

        Nova does not ask whose a given port is by now: the loser of a race for a port unbinds
        the winner's, which is exactly what clients must survive.
        """
        for port_id in server.created_port_ids:
            ipam.delete_port(self._cloud, port_id)
        for requested in server.requested_nics:
            port = self._cloud.ports.get(requested.port_id or "")
            if port is not None:
                ipam.unbind_port(port)
        server.created_port_ids.clear()
        server.nics.clear()
        server.is_networked = False


def _hidden_cause(server: Server, requested: RequestedNIC, error: ApiError) -> str:
    """Word a failed plugging as Nova does, which seldom names the cause."""
    aborted = f"Build of instance {server.server_id} aborted: Failed to allocate the network(s)"
    if error.kind == "IpAddressGenerationFailure":
        return (
            f"{aborted} with error No fixed IP addresses available for network: "
            f"{requested.network_id}, not rescheduling."
        )
    if error.kind == "VirtualInterfaceCreateException":
        return f"{aborted}, not rescheduling."
    return (
        "Exceeded maximum number of retries. Exhausted all hosts available for retrying build "
        f"failures for instance {server.server_id}."
    )


def _require(server: Server, action: str, vm_states: set[str]) -> None:
    if server.vm_state not in vm_states:
        state, value = "vm_state", server.vm_state
    elif server.task_state is not None:
        state, value = "task_state", server.task_state
    else:
        return
    raise ApiError(
        409, f"Cannot '{action}' instance {server.server_id} while it is in {state} {value}"
    )


def _set_task(server: Server, task_state: str | None) -> None:
    server.task_state = task_state
    server.updated_at = timestamp()


def _set_build_task(server: Server, task_state: str | None) -> None:
    if not server.is_delete_requested:
        _set_task(server, task_state)
