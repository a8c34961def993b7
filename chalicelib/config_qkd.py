"""Where the QKD agents of the lab's sites are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}")
_MEMBERS = ("name", "control_url", "kme_url", "enrolment_url")


class QKDSite(Struct, frozen=True):
    """One site's agent: the name in its certificate, and its faces.

    This half calls `control_url`, through the tunnel; VMs in the lab call the two others.
    """

    name: str
    control_url: str
    kme_url: str
    enrolment_url: str


class QKDFiles(Struct, frozen=True):
    """What the tunnel's mutual TLS needs: the lab's CA, and this side's certificate and key."""

    ca: str
    certificate: str
    key: str


def parse_sites(value: str) -> tuple[QKDSite, ...]:
    """Return the sites of a JSON list of objects with the members of QKDSite.

    Raises:
        ValueError: it is something else, or a name occurs twice.
    """
    entries = json.loads(value or "[]")
    if not isinstance(entries, list):
        raise ValueError("must be a JSON list")  # noqa: TRY004 -- what parsers of settings raise
    sites = tuple(_site(entry) for entry in entries)
    if len({site.name for site in sites}) < len(sites):
        raise ValueError("has a name twice")
    return sites


def _site(entry: Any) -> QKDSite:
    if not isinstance(entry, Mapping) or set(entry) != set(_MEMBERS):
        raise ValueError(f"must hold objects with {', '.join(_MEMBERS)}")
    if not isinstance(entry["name"], str) or not _NAME.fullmatch(entry["name"]):
        raise ValueError("has a name that is not one of a host or KME")
    urls = {}
    for member in _MEMBERS[1:]:
        parts = urlsplit(str(entry[member]))
        if parts.scheme != "https" or not parts.hostname:
            raise ValueError(f"has a {member} that is no https URL")
        urls[member] = str(entry[member]).rstrip("/")
    return QKDSite(name=entry["name"], **urls)
