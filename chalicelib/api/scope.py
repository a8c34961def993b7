"""Which identifiers a caller means, and which it may name."""

from __future__ import annotations

from chalicelib.api.schemas.reading import invalid
from chalicelib.domain.errors import FieldError
from chalicelib.domain.ids import IdKind, is_id
from chalicelib.domain.permissions import Principal, not_found
from chalicelib.services.site import account_of


def identifier(value: str, kind: IdKind, noun: str) -> str:
    """Return the identifier in a path.

    Raises:
        NotFound: nothing can have it; the store is not asked.
    """
    if not is_id(value, kind):
        raise not_found(noun, value[:200])
    return value


def experiment_to_list(principal: Principal, wanted: str | None) -> str:
    """Return the experiment to list; a foreign one will look empty.

    Raises:
        InvalidRequest: neither query nor token names one.
    """
    experiment_id = wanted or principal.experiment_id
    if experiment_id is None:
        message = "is missing, and your token is not for one experiment"
        raise invalid([FieldError("experiment_id", message)])
    return experiment_id


def project_to_show(principal: Principal, wanted: str | None) -> str:
    """Return the project whose quota is asked for.

    Raises:
        InvalidRequest: neither query nor token names one.
    """
    project_id = wanted or account_of(principal)
    if project_id is None:
        raise invalid([FieldError("project", "is missing, and your token is not for one project")])
    return project_id
