"""One runner per resource: the lease that every step holds while it touches the cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chalicelib.domain.errors import NotFound
from chalicelib.domain.resource_leases import drop_lease, require_lease, take_lease
from chalicelib.domain.resources import Resource
from chalicelib.services.backend import Backend


class Lessee:
    """The holder of a resource's lease; `resource` is the state that it last wrote or read."""

    def __init__(self, backend: Backend, owner: str, resource: Resource) -> None:
        self._backend = backend
        self.owner = owner
        self.resource = resource

    def change(self, how: Callable[[Resource], Resource]) -> Resource:
        """Apply a pure change and keep the new state.

        Raises:
            LeaseHeld: the lease ended meanwhile, so what this runner saw may be outdated.
        """

        def fenced(current: Resource) -> Resource:
            require_lease(current, self.owner, self._backend.clock())
            return how(current)

        self.resource = self._backend.resources.change(self.resource.id, fenced)
        return self.resource


@contextmanager
def leased(backend: Backend, resource_id: str) -> Iterator[Lessee]:
    """Hold the resource's lease for one step.

    A step that dies keeps its lease until it ends by time: until then nobody repeats what the dead
    step may still have under way.

    Raises:
        LeaseHeld: another runner has it.
        NotFound: there is no such resource.
    """
    owner = backend.ids.new_secret()

    def take(current: Resource) -> Resource:
        return take_lease(current, owner, backend.clock(), backend.settings.lease)

    lessee = Lessee(backend, owner, backend.resources.change(resource_id, take))
    try:
        yield lessee
    finally:
        backend.resources.change(resource_id, lambda current: drop_lease(current, owner))


def existing(backend: Backend, resource_id: str) -> Resource:
    """Return the resource's newest state.

    Raises:
        NotFound: there is none.
    """
    resource = backend.resources.get(resource_id)
    if resource is None:
        raise NotFound(f"There is no resource {resource_id}.")
    return resource
