"""/phone-home: VMs report that cloud-init is done."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.auth import bearer_token
from chalicelib.api.calls import Call
from chalicelib.api.operations.site import PHONE_HOME
from chalicelib.api.replies import Reply
from chalicelib.api.schemas.queries import StrictQuery
from chalicelib.api.schemas.site import PhoneHomeAnswer, PhoneHomeBody
from chalicelib.services.phone_home import phone_home
from functions.wiring import router

blueprint = Blueprint(__name__)
route = router(blueprint)


@route.bind(PHONE_HOME)
def report(call: Call[StrictQuery, PhoneHomeBody]) -> Reply:
    """Record a VM's report."""
    token = bearer_token(call.incoming.headers.get("authorization"))
    body = call.body
    phone_home(call.backend, body.resource_id, token, tuple(body.ssh_host_keys))
    return Reply(PhoneHomeAnswer(resource_id=body.resource_id))
