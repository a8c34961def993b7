"""Give something of a link to the agents, in a way that its release can wait for.

An agent cannot tell a late reservation from a wanted one. So whoever is about to make one says so
in the link's item, which a link that is to go refuses; and a release is complete only after those
who had said so before are done, or their time is up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.domain.errors import SiteRefused
from chalicelib.domain.links import Link, Touch, begin_touch, end_touch
from chalicelib.services.backend import Backend


@contextmanager
def touching(backend: Backend, link_id: str) -> Iterator[Link | None]:
    """Give the link's newest state to work with, or None when it is to go.

    An answer that was lost, as a process that dies, leaves its mark until its time is up: the
    effect may still come. The block must be shorter than a lease.
    """
    runner, now = backend.ids.new_secret(), backend.clock()
    touch = Touch(runner, now + backend.settings.lease)
    link = backend.links.change(link_id, lambda current: begin_touch(current, touch, now))
    if touch not in link.touches:
        yield None
        return
    try:
        yield link
    except SiteRefused:
        _end(backend, link_id, runner)
        raise
    _end(backend, link_id, runner)


def _end(backend: Backend, link_id: str, runner: str) -> None:
    backend.links.change(link_id, lambda current: end_touch(current, runner))
