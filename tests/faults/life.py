"""One VM's life, driven as a client drives it: a request that gets no answer is sent again."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from msgspec.structs import replace

from chalicelib.domain.permissions import Principal
from chalicelib.domain.resources import Resource
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.domain.tasks import Task
from chalicelib.domain.tokens import TokenKind
from chalicelib.services.backend import Backend
from chalicelib.services.check_request import ResourceRequest, WantedResource
from chalicelib.services.release_resource import release_resource
from chalicelib.services.request_resources import request_resources
from chalicelib.services.reset_resource import reset_resource
from tests.faults.reaper import API, ProcessDied, Reaper

NAME = "vm"
SIMPLE = WantedResource(NAME, "cirros-like", "m1.tiny")
RICH = replace(SIMPLE, network_names=("public", "lab"), public_ipv4=True)
HOPELESS = replace(RICH, flavor_id="m1.impossible")
_numbers = itertools.count()
ResultT = TypeVar("ResultT")


class Life:
    """A VM, alone in an experiment and project of its own.

    `backend` is the one that processes use; `stored` reads what is stored, unwatched.
    """

    def __init__(self, reaper: Reaper, backend: Backend, stored: Backend) -> None:
        number = next(_numbers)
        self.experiment_id = f"exp_local_{number}"
        self.project_id = f"proj_local_{number}"
        self.resource_id: str | None = None
        self.reaper = reaper
        self.stored = stored
        self._backend = backend
        self._principal = Principal(
            TokenKind.EXPERIMENT, f"user_local_{number}", self.project_id, self.experiment_id
        )
        reaper.own(self.experiment_id)

    # --- what clients do ---------------------------------------------------------------------

    def request(self, wanted: WantedResource, *, repeat: bool = True) -> None:
        """POST /resources."""
        request = ResourceRequest(
            request_id="request",
            content_hash=hashlib.sha256(repr(wanted).encode()).hexdigest(),
            expires_at=self.stored.clock() + timedelta(hours=1),
            resources=(wanted,),
            ssh_authorized_keys=(),
        )
        answer = self._call(
            lambda: request_resources(self._backend, self._principal, request), repeat=repeat
        )
        if answer is not None:
            self.resource_id = answer.resources[0].id

    def release(self, *, repeat: bool = True) -> None:
        """DELETE /resources/{id}."""
        self._call(
            lambda: release_resource(self._backend, self._principal, self.resource_id or ""),
            repeat=repeat,
        )

    def reset(self, *, repeat: bool = True) -> None:
        """POST /resources/{id}/reset."""
        self._call(
            lambda: reset_resource(self._backend, self._principal, self.resource_id or ""),
            repeat=repeat,
        )

    def _call(self, what: Callable[[], ResultT], *, repeat: bool) -> ResultT | None:
        while True:
            try:
                with self.reaper.process(API):
                    return what()
            except ProcessDied:
                if not repeat:
                    return None

    def expire(self) -> None:
        """Let the VM's time be up."""
        self.stored.resources.change(
            self.resource_id or "", lambda one: replace(one, expires_at=self.stored.clock())
        )

    # --- what there is -----------------------------------------------------------------------

    @property
    def resource(self) -> Resource | None:
        """The resource as it was last written."""
        found = [one for one in self._written() if isinstance(one, Resource)]
        if found:
            self.resource_id = found[0].id
        return found[0] if found else None

    @property
    def tasks(self) -> list[Task]:
        """The tasks as they were last written."""
        return [one for one in self._written() if isinstance(one, Task)]

    def _written(self) -> list[Resource | Task]:
        # Not read from the store: many lives wait at once, and the mock reads slowly.
        return self.reaper.newest(self.experiment_id)

    def is_resting(self, status: ResourceStatus) -> bool:
        """Say whether every task is closed and the resource has this status."""
        resource = self.resource
        return (
            resource is not None
            and resource.status is status
            and all(task.is_closed for task in self.tasks)
        )
