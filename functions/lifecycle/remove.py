"""Steps that remove a VM."""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap
from chalicelib.services.lifecycle import remove
from chalicelib.services.lifecycle.ends import reason_of
from functions.lifecycle.step_input import Event, step_of
from functions.observed import ObservedBlueprint

blueprint = ObservedBlueprint(__name__)


@blueprint.lambda_function(name="record_failure")
def record_failure(event: Event, _context: Any) -> Event:
    """Keep why the build failed and order the removal."""
    remove.record_failure(bootstrap.backend(), step_of(event), reason_of(event["error"]))
    return {}


@blueprint.lambda_function(name="remove_server")
def remove_server(event: Event, _context: Any) -> Event:
    """Make sure that the resource has no server."""
    return remove.remove_server(bootstrap.backend(), bootstrap.compute(), step_of(event))


@blueprint.lambda_function(name="remove_network")
def remove_network(event: Event, _context: Any) -> Event:
    """Make sure that the resource has no ports and no public address."""
    return remove.remove_network(bootstrap.backend(), bootstrap.compute(), step_of(event))


@blueprint.lambda_function(name="close_resource")
def close_resource(event: Event, _context: Any) -> Event:
    """Free what the resource held and give it its end status."""
    remove.close_resource(bootstrap.backend(), step_of(event))
    return {}
