"""Resources, and answers about them, on the wire."""

from __future__ import annotations

from chalicelib.api.schemas.base import Answer, Time
from chalicelib.api.schemas.link_answer import LinkAnswer, ResolvedLinkAnswer
from chalicelib.api.schemas.task_answer import TaskAnswer
from chalicelib.domain.statuses import ResourceStatus


class JumpProxyAnswer(Answer, frozen=True):
    """An SSH bastion."""

    host: str
    port: int
    username: str


class SSHLoginAnswer(Answer, frozen=True):
    """How to log in."""

    host: str
    port: int
    username: str
    jump_proxy: JumpProxyAnswer | None


class NetworkInterfaceAnswer(Answer, frozen=True):
    """A network interface as it was built."""

    port_id: str | None
    network_id: str
    addresses: list[str]


class ResourceAnswer(Answer, frozen=True):
    """A resource. `up` means reachable: cloud-init has phoned home."""

    id: str
    friendly_name: str
    status: ResourceStatus
    infra_id: str
    site_id: str
    project_id: str
    experiment_id: str
    owner_id: str | None
    disk_image_id: str
    flavor_id: str
    private_ipv4: str | None
    private_ipv6: str | None
    public_ipv4: str | None
    public_ipv6: str | None
    network_interfaces: list[NetworkInterfaceAnswer]
    ssh_logins: list[SSHLoginAnswer]
    ssh_host_key_fingerprints: list[str]
    console_url: str | None
    created_at: Time
    expires_at: Time
    terminated_at: Time | None
    failure_reason: str | None
    task_id: str
    links: list[str]


class AcceptedAnswer(Answer, frozen=True):
    """What POST /resources leads to, in request order."""

    task: TaskAnswer
    resources: list[ResourceAnswer]
    links: list[LinkAnswer]
    warnings: list[str]


class ResolvedResourceAnswer(Answer, frozen=True):
    """A wanted resource with its names resolved."""

    friendly_name: str
    disk_image_id: str
    flavor_id: str
    network_names: list[str]
    public_ipv4: bool
    vcpus: int
    ram_mib: int


class AmountAnswer(Answer, frozen=True):
    """So many instances, virtual CPUs and MiB of memory."""

    instances: int
    vcpus: int
    ram_mib: int


class QuotaForecastAnswer(Answer, frozen=True):
    """The project's quota now and after the request."""

    limit: AmountAnswer
    used: AmountAnswer
    after: AmountAnswer


class WouldAcceptAnswer(Answer, frozen=True):
    """A dry run that found nothing wrong; what is wrong comes as a problem."""

    would_accept: bool
    resources: list[ResolvedResourceAnswer]
    links: list[ResolvedLinkAnswer]
    quota: QuotaForecastAnswer
    warnings: list[str]


class TaskStartedAnswer(Answer, frozen=True):
    """The task that an order leads to."""

    task: TaskAnswer


class GrantAnswer(Answer, frozen=True):
    """The end that was granted, and what limited it (null: nothing did)."""

    id: str
    expires_at: Time
    limited_by: str | None
    warnings: list[str]


class ConsoleAnswer(Answer, frozen=True):
    """A fresh console URL; it works for a short time."""

    url: str


class EventAnswer(Answer, frozen=True):
    """One line of a resource's history."""

    at: Time
    actor: str
    what: str
    from_status: ResourceStatus | None
    to_status: ResourceStatus
    detail: str | None
