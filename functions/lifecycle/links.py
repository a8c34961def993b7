"""Steps that reserve, activate and release QKD links."""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap
from chalicelib.services.lifecycle import link_release, links
from functions.lifecycle.step_input import Event, step_of
from functions.observed import ObservedBlueprint

blueprint = ObservedBlueprint(__name__)


@blueprint.lambda_function(name="reserve_links")
def reserve_links(event: Event, _context: Any) -> Event:
    """Make sure that the resource's links are reserved."""
    links.reserve_links(bootstrap.backend(), bootstrap.qkd_agents(), step_of(event))
    return {}


@blueprint.lambda_function(name="activate_links")
def activate_links(event: Event, _context: Any) -> Event:
    """Look once whether the VMs of the task's links have enrolled."""
    return links.activate_links(bootstrap.backend(), bootstrap.qkd_agents(), event["task_id"])


@blueprint.lambda_function(name="release_links")
def release_links(event: Event, _context: Any) -> Event:
    """Order the release of the resource's links."""
    link_release.release_links(bootstrap.backend(), step_of(event))
    return {}


@blueprint.lambda_function(name="release_task_links")
def release_task_links(event: Event, _context: Any) -> Event:
    """Make sure that the task's links are gone at the agents."""
    return link_release.release_task_links(
        bootstrap.backend(), bootstrap.qkd_agents(), event["task_id"]
    )
