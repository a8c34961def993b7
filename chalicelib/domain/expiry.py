"""When resources end."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib.domain.errors import FieldError, InvalidRequest

_SHORTEST = timedelta(minutes=1)


class Grant(Struct, frozen=True):
    """The end that was granted, and what limited it (None: nothing did)."""

    expires_at: datetime
    limited_by: str | None


def latest_end(now: datetime, max_duration: timedelta) -> datetime:
    """Return the last moment that this site grants."""
    return (now + max_duration).replace(microsecond=0)


def check_expires_at(expires_at: datetime, now: datetime, max_duration: timedelta) -> None:
    """Make sure that a first end lies ahead and within the site's maximum.

    Raises:
        InvalidRequest: it does not; names the field.
    """
    if expires_at < now + _SHORTEST:
        raise _wrong(
            f"lies in the past or less than a minute ahead (now is {now:%Y-%m-%dT%H:%M:%SZ})"
        )
    latest = latest_end(now, max_duration)
    if expires_at > latest:
        raise _wrong(f"is later than this site allows: at most {latest:%Y-%m-%dT%H:%M:%SZ}")


def grant_extension(
    current: datetime, wanted: datetime | None, now: datetime, max_duration: timedelta
) -> Grant:
    """Return the end to set; None asks for as late as possible.

    An end beyond the site's maximum is cut to it, and the grant says so. SLICES extends only: an
    end before the present one is refused.

    Raises:
        InvalidRequest: the wanted end is before the present one.
    """
    latest = latest_end(now, max_duration)
    if wanted is None:
        return Grant(max(latest, current), "site_max_duration")
    if wanted < current:
        raise _wrong(
            f"is before the present end {current:%Y-%m-%dT%H:%M:%SZ}; delete to end earlier"
        )
    if wanted > latest:
        return Grant(max(latest, current), "site_max_duration")
    return Grant(wanted, None)


def _wrong(message: str) -> InvalidRequest:
    return InvalidRequest(
        f"expires_at {message}.", field_errors=(FieldError("expires_at", message),)
    )
