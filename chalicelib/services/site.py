"""What this site is, what a project may use of it, and whether it works."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib.domain.catalog import CloudLimits, Network
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.permissions import Permission, Principal, not_found, permitted, require
from chalicelib.domain.quota import Amount
from chalicelib.services.backend import Backend

_CATALOG_IS_STALE = timedelta(hours=3)


class SiteState(Struct, frozen=True):
    """What can change about the site without a new deployment."""

    networks: tuple[Network, ...]
    catalog_checked_at: datetime | None


class QuotaState(Struct, frozen=True):
    """A project's bounds and use; the cloud's own limits as of the last sync (None: unknown)."""

    project_id: str
    limit: Amount
    used: Amount
    cloud: CloudLimits | None
    cloud_checked_at: datetime | None


class Health(Struct, frozen=True):
    """Whether the store answers and the catalog is fresh."""

    is_store_up: bool
    catalog_checked_at: datetime | None
    is_catalog_fresh: bool


def site_state(backend: Backend, principal: Principal) -> SiteState:
    """Return the networks on offer and the age of the catalog."""
    require(principal, Permission.CATALOG_READ)
    state = backend.catalog.state(backend.settings.infra_id)
    networks = tuple(n for n in backend.catalog.list(Network) if not n.hidden)
    return SiteState(networks, state.checked_at if state else None)


def read_quota(backend: Backend, principal: Principal, project_id: str) -> QuotaState:
    """Return a project's quota.

    Raises:
        NotFound: the project is not the caller's.
    """
    require(principal, Permission.QUOTA_READ)
    is_own = project_id == account_of(principal)
    if not is_own and not permitted(principal, Permission.ALL_RESOURCES_READ):
        raise not_found("project", project_id)
    return _quota_state(backend, project_id)


def forecast_quota(backend: Backend, principal: Principal) -> QuotaState:
    """Return the quota that the caller's own requests count against."""
    require(principal, Permission.QUOTA_READ)
    return _quota_state(backend, account_of(principal) or "")


def _quota_state(backend: Backend, project_id: str) -> QuotaState:
    state = backend.catalog.state(backend.settings.infra_id)
    return QuotaState(
        project_id=project_id,
        limit=backend.settings.project_quota,
        used=backend.claims.quota_used(project_id),
        cloud=state.limits if state else None,
        cloud_checked_at=state.checked_at if state else None,
    )


def account_of(principal: Principal) -> str | None:
    """Return whose quota the caller's resources count against.

    An experiment token may come without `proj`; then the experiment is its own account.
    """
    return principal.project_id or principal.experiment_id


def check_health(backend: Backend) -> Health:
    """Look at the store with one read, and at the age of the catalog."""
    try:
        state = backend.catalog.state(backend.settings.infra_id)
    except Unavailable:
        return Health(is_store_up=False, catalog_checked_at=None, is_catalog_fresh=False)
    checked_at = state.checked_at if state else None
    fresh = checked_at is not None and backend.clock() - checked_at < _CATALOG_IS_STALE
    return Health(is_store_up=True, catalog_checked_at=checked_at, is_catalog_fresh=fresh)
