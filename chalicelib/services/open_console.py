"""Open the web console of a resource."""

from __future__ import annotations

from chalicelib.domain.errors import WrongStatus
from chalicelib.domain.permissions import Principal
from chalicelib.domain.statuses import ResourceStatus
from chalicelib.services.backend import Backend
from chalicelib.services.ports import ConsoleOpener
from chalicelib.services.release_resource import changeable


def open_console(
    backend: Backend, opener: ConsoleOpener, principal: Principal, resource_id: str
) -> str:
    """Return a fresh URL of the console; whoever has it controls the VM, so reading is not enough.

    Raises:
        Forbidden: the token only reads.
        NotFound: there is none, or it is foreign.
        WrongStatus: the resource is not up.
    """
    resource = changeable(backend, principal, resource_id)
    if resource.status is not ResourceStatus.UP:
        raise WrongStatus(
            f"{resource.spec.friendly_name} is {resource.status}; only a resource that is up has "
            "a console."
        )
    return opener.open(resource_id)
