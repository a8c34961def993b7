"""Ask for VMs: check, record the intent once, derive the rest, start the workflow."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.errors import (
    AlreadyExists,
    BandwidthExceeded,
    QuotaExceeded,
    RequestIdReused,
)
from chalicelib.domain.ids import IdKind, derived_uuid, make_id
from chalicelib.domain.intents import (
    PlannedLink,
    PlannedResource,
    Secrets,
    intent_of,
    links_of,
    resources_of,
    secrets_data,
)
from chalicelib.domain.links import Link, LinkEnd, LinkSpec, sae_id_of
from chalicelib.domain.permissions import Permission, Principal, require
from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import TaskStatus
from chalicelib.domain.tasks import Step, StepStatus, Task, TaskAction, plan
from chalicelib.services.acceptance import derive, refusal_error, start
from chalicelib.services.backend import Backend
from chalicelib.services.check_request import CheckedRequest, ResourceRequest, check_request


class Acceptance(Struct, frozen=True):
    """What the client is told: the same for every repetition of the request."""

    task: Task
    resources: tuple[Resource, ...]
    links: tuple[Link, ...]
    warnings: tuple[str, ...]


def request_resources(
    backend: Backend, principal: Principal, request: ResourceRequest
) -> Acceptance:
    """Accept a request for VMs, exactly once per experiment and request_id.

    Raises:
        Forbidden: the token does not write.
        RequestIdReused: the request_id came before with another body.
        BIError: whatever `check_request` finds wrong; then nothing is written.
    """
    task, is_new = _record(backend, principal, request)
    if not is_new:
        return _answer_again(backend, task, request.content_hash)
    task = derive(backend, task)
    if task.refusal is not None:
        raise refusal_error(task.refusal)
    start(backend, task)
    return _answer(task)


def _record(backend: Backend, principal: Principal, request: ResourceRequest) -> tuple[Task, bool]:
    """Return the request's task, and whether it was written just now."""
    project_id, experiment_id = _writer(principal)
    task_id = task_id_of(backend, experiment_id, request.request_id)
    known = backend.tasks.get(task_id)
    if known is not None:
        return known, False
    try:
        checked = check_request(backend, request, project_id, experiment_id)
    except (AlreadyExists, QuotaExceeded, BandwidthExceeded):
        # An equal request may have been faster: then our own names and quota are in the way.
        known = backend.tasks.get(task_id)
        if known is None:
            raise
        return known, False
    task = _new_task(backend, principal, request, checked, task_id)
    if backend.tasks.add(task):
        return task, True
    return backend.tasks.get(task_id) or task, False


def would_accept(
    backend: Backend, principal: Principal, request: ResourceRequest
) -> CheckedRequest:
    """Check a request as `request_resources` would, and write nothing."""
    project_id, experiment_id = _writer(principal)
    return check_request(backend, request, project_id, experiment_id)


def task_id_of(backend: Backend, experiment_id: str, request_id: str) -> str:
    """Return the task id that this request_id always leads to."""
    value = derived_uuid("request", experiment_id, request_id)
    return make_id(IdKind.TASK, backend.settings.infra_id, value)


def _writer(principal: Principal) -> tuple[str, str]:
    require(principal, Permission.RESOURCES_WRITE)
    experiment_id = principal.experiment_id or ""
    # An experiment token may come without `proj`; then the experiment is its own account.
    return principal.project_id or experiment_id, experiment_id


def _new_task(
    backend: Backend,
    principal: Principal,
    request: ResourceRequest,
    checked: CheckedRequest,
    task_id: str,
) -> Task:
    now = backend.clock()
    planned = tuple(
        PlannedResource(backend.ids.new_id(IdKind.RESOURCE), resource.spec, resource.placement)
        for resource in checked.resources
    )
    links = _planned_links(backend, checked, planned)
    user_data = {
        plan_.id: resource.user_data
        for plan_, resource in zip(planned, checked.resources, strict=True)
    }
    project_id, experiment_id = _writer(principal)
    return Task(
        id=task_id,
        action=TaskAction.CREATE,
        infra_id=backend.settings.infra_id,
        project_id=project_id,
        experiment_id=experiment_id,
        owner_id=principal.user_id,
        resource_ids=tuple(resource.id for resource in planned),
        link_ids=tuple(link.id for link in links),
        steps=plan(
            TaskAction.CREATE,
            tuple((p.id, p.spec.friendly_name) for p in planned),
            tuple((link.id, link.spec.friendly_name) for link in links),
        ),
        created_at=now,
        updated_at=now,
        request_id=request.request_id,
        request_hash=request.content_hash,
        intent=intent_of(planned, request.expires_at, links),
        secret_input=secrets_data(Secrets(user_data, request.ssh_authorized_keys)),
        warnings=checked.warnings,
        executions=1,
        watch_at=now + backend.settings.stall,
    )


def _planned_links(
    backend: Backend, checked: CheckedRequest, planned: tuple[PlannedResource, ...]
) -> tuple[PlannedLink, ...]:
    ids = {resource.spec.friendly_name: resource.id for resource in planned}
    links = []
    for link in checked.links:
        link_id = backend.ids.new_id(IdKind.LINK)
        spec = LinkSpec(
            friendly_name=link.wanted.friendly_name,
            qkd_link_id=link.qkd_link.id,
            min_bandwidth_bit_per_s=link.wanted.min_bandwidth_bit_per_s,
            key_size_bits=link.key_size_bits,
        )
        names = (link.wanted.source, link.wanted.destination)
        ends = tuple(
            LinkEnd(ids[name], sae_id_of(ids[name], link_id), site.name, site.kme_url)
            for name, site in zip(names, link.sites, strict=True)
        )
        links.append(PlannedLink(link_id, spec, ends))
    return tuple(links)


def _answer_again(backend: Backend, task: Task, content_hash: str) -> Acceptance:
    if task.request_hash != content_hash:
        raise RequestIdReused(
            f"request_id {task.request_id} was used for another request (task {task.id}). Use a "
            "new UUID for each new request."
        )
    if task.status is TaskStatus.PENDING:
        task = derive(backend, task)
    if task.refusal is not None:
        raise refusal_error(task.refusal)
    return _answer(task)


def _answer(task: Task) -> Acceptance:
    """Answer from the intent alone, as it was at acceptance: equal for every repetition."""
    pristine = replace(
        task,
        status=TaskStatus.PENDING,
        version=0,
        executions=1,
        updated_at=task.created_at,
        watch_at=None,
        parked_since=None,
        waiting_reason=None,
        finished_at=None,
        failure_reason=None,
        secret_input=None,
        steps=tuple(Step(s.name, s.resource_id, StepStatus.PENDING) for s in task.steps),
    )
    resources = resources_of(task, task.owner_id or task.experiment_id)
    return Acceptance(pristine, resources, links_of(task), task.warnings)
