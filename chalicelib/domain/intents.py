"""The accepted request as it is written into the task: resources and links to be, and secrets.

The intent stays for good, so that a repeated request gets the same answer. The secrets (user data,
SSH keys) are dropped when the task closes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, to_builtins

from chalicelib.domain.links import Link, LinkEnd, LinkSpec
from chalicelib.domain.resources import Placement, Resource, ResourceSpec, accepted
from chalicelib.domain.tasks import Task


class PlannedResource(Struct, frozen=True):
    """One resource of a request, with its identifier and resolved references."""

    id: str
    spec: ResourceSpec
    placement: Placement


class PlannedLink(Struct, frozen=True):
    """One link of a request, with its identifier, ends and resolved references."""

    id: str
    spec: LinkSpec
    ends: tuple[LinkEnd, ...]


class Secrets(Struct, frozen=True):
    """What only the build of the VM needs; never shown, logged or put into a workflow."""

    user_data: Mapping[str, str]
    ssh_authorized_keys: tuple[str, ...]

    def __repr__(self) -> str:
        return "Secrets(...)"


def intent_of(
    planned: tuple[PlannedResource, ...],
    expires_at: datetime,
    links: tuple[PlannedLink, ...] = (),
) -> dict[str, Any]:
    """Return the intent as plain data."""
    return {
        "expires_at": expires_at.isoformat(),
        "resources": [to_builtins(resource) for resource in planned],
        "links": [to_builtins(link) for link in links],
    }


def secrets_data(secrets: Secrets) -> dict[str, Any]:
    """Return the secrets as plain data for the task item."""
    return {
        "user_data": dict(secrets.user_data),
        "ssh_authorized_keys": list(secrets.ssh_authorized_keys),
    }


def secrets_of(task: Task) -> Secrets:
    """Return the secrets of an open task; empty ones when they were dropped."""
    data = task.secret_input or {}
    return Secrets(data.get("user_data", {}), tuple(data.get("ssh_authorized_keys", ())))


def resources_of(task: Task, actor: str) -> tuple[Resource, ...]:
    """Return the resources as they are at the moment of acceptance, in request order."""
    intent = task.intent or {"resources": []}
    return tuple(
        _resource(task, planned, intent["expires_at"], actor) for planned in intent["resources"]
    )


def links_of(task: Task) -> tuple[Link, ...]:
    """Return the links as they are at the moment of acceptance, in request order."""
    intent = task.intent or {}
    return tuple(_link(task, planned, intent["expires_at"]) for planned in intent.get("links", ()))


def _link(task: Task, planned: Mapping[str, Any], expires_at: str) -> Link:
    return Link(
        id=planned["id"],
        infra_id=task.infra_id,
        project_id=task.project_id,
        experiment_id=task.experiment_id,
        owner_id=task.owner_id,
        task_id=task.id,
        spec=LinkSpec(**planned["spec"]),
        ends=tuple(LinkEnd(**end) for end in planned["ends"]),
        created_at=task.created_at,
        expires_at=datetime.fromisoformat(expires_at),
    )


def _resource(task: Task, planned: Mapping[str, Any], expires_at: str, actor: str) -> Resource:
    spec, placement = dict(planned["spec"]), dict(planned["placement"])
    spec["network_names"] = tuple(spec["network_names"])
    placement["network_refs"] = tuple(placement["network_refs"])
    resource = Resource(
        id=planned["id"],
        infra_id=task.infra_id,
        project_id=task.project_id,
        experiment_id=task.experiment_id,
        owner_id=task.owner_id,
        task_id=task.id,
        spec=ResourceSpec(**spec),
        placement=Placement(**placement),
        created_at=task.created_at,
        expires_at=datetime.fromisoformat(expires_at),
        link_ids=tuple(link.id for link in links_of(task) if link.end_of(planned["id"])),
    )
    return accepted(resource, actor)
