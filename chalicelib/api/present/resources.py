"""Resources as clients see them: JSON objects and Ansible inventory lines."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.api.schemas.resource_answer import (
    EventAnswer,
    JumpProxyAnswer,
    NetworkInterfaceAnswer,
    ResourceAnswer,
    SSHLoginAnswer,
)
from chalicelib.config import Settings
from chalicelib.domain.resources import Event, Resource
from chalicelib.domain.statuses import ResourceStatus

_SSH_PORT = 22
_HAS_LOGIN = frozenset({ResourceStatus.INITIALIZING, ResourceStatus.UP, ResourceStatus.RESETTING})


def resource_answer(resource: Resource, settings: Settings) -> ResourceAnswer:
    """Return a resource with every field of the contract."""
    console_url = f"{settings.public_url}/resources/{resource.id}/console"
    return ResourceAnswer(
        id=resource.id,
        friendly_name=resource.spec.friendly_name,
        status=resource.status,
        infra_id=resource.infra_id,
        site_id=resource.infra_id,
        project_id=resource.project_id,
        experiment_id=resource.experiment_id,
        owner_id=resource.owner_id,
        disk_image_id=resource.spec.disk_image_id,
        flavor_id=resource.spec.flavor_id,
        private_ipv4=resource.private_ipv4,
        private_ipv6=resource.private_ipv6,
        public_ipv4=resource.public_ipv4,
        public_ipv6=resource.public_ipv6,
        network_interfaces=[
            NetworkInterfaceAnswer(
                port_id=interface.port_id,
                network_id=interface.network_id,
                addresses=list(interface.addresses),
            )
            for interface in resource.network_interfaces
        ],
        ssh_logins=ssh_logins(resource, settings),
        ssh_host_key_fingerprints=list(resource.ssh_host_key_fingerprints),
        console_url=console_url if resource.is_live else None,
        created_at=resource.created_at,
        expires_at=resource.expires_at,
        terminated_at=resource.terminated_at,
        failure_reason=resource.failure_reason,
        task_id=resource.task_id,
        links=list(resource.link_ids),
    )


def ssh_logins(resource: Resource, settings: Settings) -> list[SSHLoginAnswer]:
    """Return how to log in, once there is an address to go to."""
    host = resource.public_ipv4 or resource.private_ipv4
    if resource.status not in _HAS_LOGIN or host is None:
        return []
    proxy = None if resource.public_ipv4 else settings.ssh_jump_proxy
    return [
        SSHLoginAnswer(
            host=host,
            port=_SSH_PORT,
            username=resource.placement.default_username,
            jump_proxy=(
                JumpProxyAnswer(host=proxy.host, port=proxy.port, username=proxy.username)
                if proxy
                else None
            ),
        )
    ]


def ansible_inventory(resources: Iterable[Resource], settings: Settings) -> str:
    """Return one inventory line per resource; a comment for one that takes no logins yet."""
    return "".join(f"{_ansible_line(resource, settings)}\n" for resource in resources)


def _ansible_line(resource: Resource, settings: Settings) -> str:
    name = resource.spec.friendly_name
    logins = ssh_logins(resource, settings)
    if not logins:
        return f"# {name} is {resource.status}: no login"
    login = logins[0]
    line = (
        f"{name} ansible_ssh_port={login.port} ansible_ssh_host={login.host} "
        f"ansible_ssh_user={login.username}"
    )
    proxy = login.jump_proxy
    if proxy is None:
        return line
    port = "" if proxy.port == _SSH_PORT else f":{proxy.port}"
    return f"{line} ansible_ssh_common_args='-J {proxy.username}@{proxy.host}{port}'"


def event_answer(event: Event) -> EventAnswer:
    """Return one line of a history."""
    return EventAnswer(
        at=event.at,
        actor=event.actor,
        what=event.what,
        from_status=event.from_status,
        to_status=event.to_status,
        detail=event.detail,
    )
