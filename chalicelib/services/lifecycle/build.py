"""Build a VM: ports, server, public address, readiness. Adopt what is there before creating."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from chalicelib.domain.enrolment import Enrolment
from chalicelib.domain.errors import (
    CloudOutcomeUnknown,
    CloudRefused,
    CloudUnreachable,
    ServerFailed,
)
from chalicelib.domain.intents import secrets_of
from chalicelib.domain.resource_building import (
    advance,
    record_create_intent,
    record_server,
    require_wanted,
    settle_create_intent,
)
from chalicelib.domain.resource_leases import require_lease
from chalicelib.domain.resources import NetworkInterface, Resource
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.domain.user_data import merge
from chalicelib.metrics import TIME_TO_UP
from chalicelib.services.backend import SYSTEM, Backend, phone_home_url
from chalicelib.services.cloud_ports import Compute, Port, Server, ServerSpec, ServerStatus
from chalicelib.services.lifecycle.enrolment import NO_AGENTS, enrolments_of
from chalicelib.services.lifecycle.leasing import Lessee, existing, leased
from chalicelib.services.lifecycle.progress import StepInput, begin, done
from chalicelib.services.phone_home import hash_of
from chalicelib.services.qkd_ports import QKDAgents

_BUILD_STATUSES = {
    ServerStatus.SCHEDULING: ResourceStatus.IMAGING,
    ServerStatus.SPAWNING: ResourceStatus.BOOTING,
}

_VANISHED = "The VM was deleted in OpenStack while it was being built. Ask for it again."


def ensure_network(backend: Backend, compute: Compute, step: StepInput) -> None:
    """Make sure that the resource has exactly one port for each network it asks for."""
    begin(backend, step, "network")
    with leased(backend, step.resource_id) as lessee:
        require_wanted(lessee.resource)
        ports = _adopt_ports(compute, lessee.resource)
        interfaces = tuple(NetworkInterface(p.network_id, p.id, p.addresses) for p in ports)
        lessee.change(lambda current: replace(current, network_interfaces=interfaces))
    done(backend, step, "network")


def _adopt_ports(compute: Compute, resource: Resource) -> list[Port]:
    # A port that the server has comes first: a late one beside it is surplus.
    found = sorted(compute.find_ports(resource.id), key=lambda port: port.device_id is None)
    wanted: list[Port] = []
    for index, network_ref in enumerate(resource.placement.network_refs):
        port = next((port for port in found if port.network_id == network_ref), None)
        if port is None:
            port = compute.create_port(resource.id, network_ref, index)
        else:
            found.remove(port)
        wanted.append(port)
    for surplus in found:
        compute.delete_port(surplus.id)
    return wanted


def ensure_server(
    backend: Backend, compute: Compute, step: StepInput, agents: QKDAgents = NO_AGENTS
) -> None:
    """Make sure that the resource has exactly one server.

    Nova has no create token, so a server is looked for by our tag before every create, an intent
    is recorded before the call, and an unanswered intent is waited for before it is repeated.

    Raises:
        ServerFailed: it had one before, and that is gone; a new one would be another VM.
    """
    begin(backend, step, "server")
    with leased(backend, step.resource_id) as lessee:
        require_wanted(lessee.resource)
        server = _adopt_server(compute, step.resource_id)
        if server is None:
            if lessee.resource.server_id is not None:
                raise ServerFailed(_VANISHED)
            server = _create_server(backend, compute, lessee, agents)
        _note_server(backend, lessee, server.id)
    done(backend, step, "server")


def _note_server(backend: Backend, lessee: Lessee, server_id: str) -> None:
    lessee.change(lambda now_: record_server(now_, server_id, at=backend.clock(), actor=SYSTEM))


def _adopt_server(compute: Compute, resource_id: str) -> Server | None:
    """Return the one server to keep; delete the others. Active ones win, then the oldest."""
    servers = [
        s for s in compute.find_servers(resource_id) if s.status is not ServerStatus.DELETING
    ]
    servers.sort(key=lambda server: server.status is not ServerStatus.ACTIVE)
    for surplus in servers[1:]:
        compute.delete_server(surplus.id)
    return servers[0] if servers else None


def _create_server(backend: Backend, compute: Compute, lessee: Lessee, agents: QKDAgents) -> Server:
    _wait_for_lost_answer(backend, lessee.resource)
    # Before the intent: when the lab cannot be reached, nothing is under way.
    enrolments = enrolments_of(backend, agents, lessee.resource)
    token = backend.ids.new_secret()
    margin = backend.settings.lease / 2
    resource = lessee.change(
        lambda current: record_create_intent(
            current, lessee.owner, backend.clock(), hash_of(token), margin
        )
    )
    spec = _server_spec(backend, resource, token, enrolments)
    try:
        return compute.create_server(spec)
    except (CloudRefused, CloudUnreachable):
        lessee.change(settle_create_intent)
        raise


def _wait_for_lost_answer(backend: Backend, resource: Resource) -> None:
    intent = resource.create_intent
    if intent is None or intent.settled:
        return
    if backend.clock() < intent.sent_at + backend.settings.lease:
        raise CloudOutcomeUnknown(
            "The answer to the create call was lost; the server may still appear. It is looked for "
            "before it is asked for again."
        )


def _server_spec(
    backend: Backend, resource: Resource, token: str, enrolments: tuple[Enrolment, ...]
) -> ServerSpec:
    task = backend.tasks.get(resource.task_id)
    secrets = secrets_of(task) if task else None
    user_data = merge(
        secrets.user_data.get(resource.id, "") if secrets else "",
        ssh_authorized_keys=secrets.ssh_authorized_keys if secrets else (),
        phone_home_url=phone_home_url(backend.settings),
        phone_home_token=token,
        resource_id=resource.id,
        enrolments=enrolments,
    )
    return ServerSpec(
        resource_id=resource.id,
        task_id=resource.task_id,
        attempt=resource.create_intent.attempt if resource.create_intent else 1,
        name=resource.spec.friendly_name,
        disk_image_ref=resource.placement.disk_image_ref,
        flavor_ref=resource.placement.flavor_ref,
        port_ids=tuple(nic.port_id for nic in resource.network_interfaces if nic.port_id),
        user_data=user_data,
    )


def check_server(backend: Backend, compute: Compute, step: StepInput) -> dict[str, object]:
    """Look at the server once: `{"state": "active"}`, or `building` and how long to wait.

    Raises:
        ServerFailed: it went to ERROR, vanished, or takes too long; says why.
    """
    begin(backend, step, "boot")
    resource = existing(backend, step.resource_id)
    require_wanted(resource)
    server = _the_server(compute, resource)
    if server.status is ServerStatus.ERROR:
        raise ServerFailed(server.fault or "OpenStack gives no reason.")
    if server.status is ServerStatus.ACTIVE:
        _go_live(backend, compute, resource, server)
        done(backend, step, "boot")
        return {"state": "active", "wait_seconds": 0}
    age = backend.clock() - server.created_at
    if age > backend.settings.build_timeout:
        raise ServerFailed(
            f"OpenStack did not finish building the VM within {backend.settings.build_timeout}. "
            "Try again; if it stays so, tell the operators."
        )
    status = _BUILD_STATUSES.get(server.status)
    if status is not None:
        _advance(backend, resource, status)
    return {"state": "building", "wait_seconds": _pause(backend, age)}


def _the_server(compute: Compute, resource: Resource) -> Server:
    servers = compute.find_servers(resource.id)
    for server in servers:
        if server.id == resource.server_id and server.status is not ServerStatus.DELETING:
            return server
    raise ServerFailed(_VANISHED)


def _go_live(backend: Backend, compute: Compute, resource: Resource, server: Server) -> None:
    networks = resource.placement.network_refs
    # The first network that was asked for stays the first: its address is the VM's own.
    found = [port for port in compute.find_ports(resource.id) if port.network_id in networks]
    ports = sorted(found, key=lambda port: networks.index(port.network_id))
    if len(ports) < len(networks) or any(port.device_id != server.id for port in ports):
        # The loser of a port race unbinds the winner's port: such a VM has no network.
        raise ServerFailed("OpenStack took the VM's network port away. Ask for the VM again.")
    addresses = [address for port in ports for address in port.addresses]
    interfaces = tuple(NetworkInterface(p.network_id, p.id, p.addresses) for p in ports)
    now = backend.clock()

    def change(current: Resource) -> Resource:
        placed = replace(
            current,
            network_interfaces=interfaces,
            private_ipv4=next((a for a in addresses if ":" not in a), None),
            private_ipv6=next((a for a in addresses if ":" in a), None),
        )
        return advance(placed, ResourceStatus.INITIALIZING, at=now, actor=SYSTEM)

    backend.resources.change(resource.id, change)


def _advance(backend: Backend, resource: Resource, to: ResourceStatus) -> Resource:
    now = backend.clock()
    return backend.resources.change(
        resource.id, lambda current: advance(current, to, at=now, actor=SYSTEM)
    )


def ensure_public_address(backend: Backend, compute: Compute, step: StepInput) -> None:
    """Make sure that a resource which asks for it has exactly one public IPv4 address."""
    if not existing(backend, step.resource_id).spec.public_ipv4:
        return
    with leased(backend, step.resource_id) as lessee:
        require_wanted(lessee.resource)
        port_id = next(nic.port_id for nic in lessee.resource.network_interfaces if nic.port_id)
        found = compute.find_floating_ips(step.resource_id)
        for surplus in found[1:]:
            compute.delete_floating_ip(surplus.id)
        if found:
            address = found[0].address
        else:
            require_lease(lessee.resource, lessee.owner, backend.clock())
            address = compute.create_floating_ip(step.resource_id, port_id).address
        lessee.change(lambda current: replace(current, public_ipv4=address))


def check_ready(backend: Backend, step: StepInput) -> dict[str, object]:
    """Look once whether the VM has phoned home: `ready`, or `waiting` and how long.

    Raises:
        ServerFailed: cloud-init did not report in time.
    """
    begin(backend, step, "ready")
    resource = existing(backend, step.resource_id)
    require_wanted(resource)
    if resource.phoned_home_at is not None or not resource.placement.has_cloud_init:
        _come_up(backend, resource)
        done(backend, step, "ready")
        return {"state": "ready", "wait_seconds": 0}
    age = backend.clock() - _initializing_since(resource)
    if age > backend.settings.ready_timeout:
        raise ServerFailed(
            f"cloud-init did not report within {backend.settings.ready_timeout}. Check the user "
            "data, that the disk image has cloud-init and Python 3, and that the network reaches "
            f"{backend.settings.public_url}. Images without cloud-init need the tag "
            "no-cloud-init."
        )
    return {"state": "waiting", "wait_seconds": _pause(backend, age)}


def _come_up(backend: Backend, resource: Resource) -> None:
    if resource.status is ResourceStatus.UP:
        return
    up = _advance(backend, resource, ResourceStatus.UP)
    if up.status is ResourceStatus.UP:
        age = backend.clock() - resource.created_at
        backend.metrics.record({TIME_TO_UP: age.total_seconds()})


def _initializing_since(resource: Resource) -> datetime:
    times = [e.at for e in resource.events if e.to_status is ResourceStatus.INITIALIZING]
    return times[0] if times else resource.created_at


def _pause(backend: Backend, age: timedelta) -> int:
    """Return a pause that grows with age: one execution's history holds 25,000 events."""
    poll = backend.settings.poll_seconds
    if age < timedelta(minutes=1):
        return poll
    return min(poll * 2 if age < timedelta(minutes=5) else poll * 6, 60)
