"""Steps that build a VM."""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap
from chalicelib.services.lifecycle import build
from functions.lifecycle.step_input import Event, step_of
from functions.observed import ObservedBlueprint

blueprint = ObservedBlueprint(__name__)


@blueprint.lambda_function(name="ensure_network")
def ensure_network(event: Event, _context: Any) -> Event:
    """Make sure that the resource has its ports."""
    build.ensure_network(bootstrap.backend(), bootstrap.compute(), step_of(event))
    return {}


@blueprint.lambda_function(name="ensure_server")
def ensure_server(event: Event, _context: Any) -> Event:
    """Make sure that the resource has exactly one server."""
    build.ensure_server(
        bootstrap.backend(), bootstrap.compute(), step_of(event), bootstrap.qkd_agents()
    )
    return {}


@blueprint.lambda_function(name="check_server")
def check_server(event: Event, _context: Any) -> Event:
    """Look at the server once."""
    return build.check_server(bootstrap.backend(), bootstrap.compute(), step_of(event))


@blueprint.lambda_function(name="ensure_public_address")
def ensure_public_address(event: Event, _context: Any) -> Event:
    """Make sure that the resource has its public address, if it asks for one."""
    build.ensure_public_address(bootstrap.backend(), bootstrap.compute(), step_of(event))
    return {}


@blueprint.lambda_function(name="check_ready")
def check_ready(event: Event, _context: Any) -> Event:
    """Look once whether the VM has phoned home."""
    return build.check_ready(bootstrap.backend(), step_of(event))
