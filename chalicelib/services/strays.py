"""What an agent keeps of links that have ended: it should be nothing, and is taken back here.

Releases wait for whoever may still give a link to an agent, up to a lease. This is for those who
slept for longer than that and then died, and for agents that were restored from a backup.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from chalicelib.domain.errors import SiteError
from chalicelib.domain.links import link_id_of
from chalicelib.services.backend import Backend
from chalicelib.services.qkd_ports import ObservedReservation, QKDAgent

logger = logging.getLogger(__name__)


def remove_strays(
    backend: Backend,
    agent: QKDAgent,
    reservations: Iterable[ObservedReservation],
    certified: frozenset[str],
    live: frozenset[str],
) -> int:
    """Take back what an agent has of links that have ended; return of how many SAEs.

    What belongs to no link in our tables is left alone: it is another backend's, or the lab's own.
    `live` are the links that surely live, by id.
    """
    kept = {one.own_sae_id: one.application_id for one in reservations}
    removed = 0
    for sae_id in sorted({*kept, *certified}):
        link_id = link_id_of(sae_id, backend.settings.infra_id)
        if link_id is None or link_id in live:
            continue
        link = backend.links.get(link_id)
        if link is None or link.is_live:
            continue
        try:
            agent.release(link.application_id)
            agent.revoke(sae_id)
        except SiteError as error:
            logger.warning("link %s is still at an agent: %s", link_id, error.detail)
            continue
        removed += 1
    return removed
