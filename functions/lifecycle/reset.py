"""Steps that reboot a VM, and the one that opens its console."""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap
from chalicelib.services.lifecycle import reset
from chalicelib.services.lifecycle.ends import reason_of
from functions.lifecycle.step_input import Event, step_of
from functions.observed import ObservedBlueprint

blueprint = ObservedBlueprint(__name__)


@blueprint.lambda_function(name="reboot_server")
def reboot_server(event: Event, _context: Any) -> Event:
    """Ask for a hard reboot."""
    reset.reboot_server(bootstrap.backend(), bootstrap.compute(), step_of(event))
    return {}


@blueprint.lambda_function(name="check_reboot")
def check_reboot(event: Event, _context: Any) -> Event:
    """Look once whether the VM runs again."""
    return reset.check_reboot(bootstrap.backend(), bootstrap.compute(), step_of(event))


@blueprint.lambda_function(name="end_failed_reset")
def end_failed_reset(event: Event, _context: Any) -> Event:
    """Note why the reset failed."""
    reset.end_failed_reset(bootstrap.backend(), step_of(event), reason_of(event["error"]))
    return {}


@blueprint.lambda_function(name="open_server_console")
def open_server_console(event: Event, _context: Any) -> Event:
    """Return a fresh console URL; called by the API, not by a workflow."""
    url = reset.open_console(bootstrap.backend(), bootstrap.compute(), event["resource_id"])
    return {"url": url}
