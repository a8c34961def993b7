"""What OpenStack's refusals and faults mean here: from status and text to error and advice.

The texts were measured on Nova 34, Neutron 29, Glance 33 and Keystone 30; a text that no row
knows is passed on as it is, shortened.
"""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.errors import (
    CloudCredentialsRefused,
    CloudError,
    CloudOutcomeUnknown,
    CloudRefused,
    CloudUnreachable,
)

ASK_OPERATOR = "If it goes on, tell the operator of this site."
_LARGER_FLAVOR = "The flavor is too small for this disk image: choose a larger flavor."
_NO_QUOTA = (
    "This site's OpenStack account has no {what} left. Ask for less, delete VMs that you no "
    "longer need, or try again later."
)
_NOT_ALLOWED = "This site's OpenStack account may not do this. Tell the operator of this site."
_NO_CONSOLE = "This site offers no web console for this VM. Use SSH."


class Rule(Struct, frozen=True):
    """A row: for these statuses and texts that begin like this, raise that error."""

    statuses: tuple[int, ...]
    start: str
    advice: str
    error: type[CloudError] = CloudRefused


# The first row that fits counts. An empty start fits all texts.
RULES: tuple[Rule, ...] = (
    Rule((403,), "Quota exceeded for instances", _NO_QUOTA.format(what="instances")),
    Rule((403,), "Quota exceeded for cores", _NO_QUOTA.format(what="virtual CPUs")),
    Rule((403,), "Quota exceeded for ram", _NO_QUOTA.format(what="memory")),
    Rule((403,), "Maximum number of ports", _NO_QUOTA.format(what="network ports")),
    Rule((409,), r"Quota exceeded for resources: \['port", _NO_QUOTA.format(what="network ports")),
    Rule(
        (409,),
        r"Quota exceeded for resources: \['floatingip",
        _NO_QUOTA.format(what="public IPv4 addresses"),
    ),
    Rule((403,), "Maximum number of metadata items", _NOT_ALLOWED),
    Rule((403, 409, 413), "Quota exceeded|Maximum number of", _NO_QUOTA.format(what="quota")),
    Rule(
        (400, 404),
        "Flavor .* could not be found",
        "The flavor does not exist in the cloud any more: choose another flavor.",
    ),
    Rule(
        (400,),
        "Can not find requested image",
        "The disk image does not exist in the cloud any more: choose another disk image.",
    ),
    Rule(
        (400,),
        "Image .* is not active",
        "The disk image has no data yet: wait until it is uploaded, or choose another disk image.",
    ),
    Rule((400,), "Flavor's (memory|disk) is", _LARGER_FLAVOR),
    Rule(
        (403,),
        "Only volume-backed servers",
        "The flavor has no disk: choose a flavor with a disk.",
    ),
    Rule(
        (400, 404),
        "Network .* could not be found",
        "The network does not exist: choose another network.",
    ),
    Rule(
        (400, 404),
        "Port (id )?.* could not be found",
        "The VM's network port vanished while it was built: request the VM again.",
    ),
    # The owner is most likely the server of an earlier try: whoever asks has to look first.
    Rule(
        (409,),
        "Port .* (is still in use|is in use)",
        "A server holds this network port already: it is looked for before the next try.",
        CloudOutcomeUnknown,
    ),
    Rule(
        (400,),
        "Fixed IP address .* is already in use",
        "The address was taken meanwhile: request the VM again.",
    ),
    Rule(
        (409,),
        "No more IP addresses available",
        "The network has no free address left: choose another network, or try again later.",
    ),
    Rule(
        (400, 404),
        "External network .* is not reachable",
        "The VM's network has no way to public addresses: choose another network, or no public "
        "IPv4 address.",
    ),
    Rule(
        (400,),
        "Network .* is not a valid external network",
        "The network for public addresses is set up wrongly. Tell the operator of this site.",
    ),
    Rule(
        (409,),
        "Multiple possible networks found",
        "The site has several networks: name one in the request.",
    ),
    Rule((400,), "Invalid key_name", "The key pair does not exist: choose another key."),
    Rule(
        (400, 404),
        "Unable to find security_group|Security group .* does not exist",
        "The security group does not exist. Tell the operator of this site.",
    ),
    Rule(
        (400,),
        "The requested availability zone",
        "The availability zone does not exist. Tell the operator of this site.",
    ),
    Rule(
        (400,),
        "Invalid input for field/attribute user_data",
        "The cloud-init data is too long or malformed: pass fewer or shorter keys and scripts.",
    ),
    Rule(
        (400,),
        "Invalid input for field/attribute name",
        "The name is not acceptable: choose a shorter friendly_name.",
    ),
    Rule(
        (400,),
        "Unavailable console type|Invalid console type",
        _NO_CONSOLE,
    ),
    Rule((501,), "Unable to get console|.*not implemented", _NO_CONSOLE),
    Rule(
        (409,),
        "Instance not yet ready",
        "The VM is not ready yet: try again in a moment.",
    ),
    Rule(
        (409,),
        "Cannot '.*' instance .* while it is in",
        "The VM's present state does not allow this: wait until it is up, then try again.",
    ),
    Rule(
        (404,),
        "Instance .* could not be found",
        "The VM does not exist in the cloud any more: release it and request a new one.",
    ),
    # Neutron says it like this of a port that a server still holds (measured, release 29).
    Rule(
        (403, 409),
        r"\(?rule:delete_port\)? is disallowed by policy",
        "The network port is still held by a server: it is removed once the server is gone.",
        CloudUnreachable,
    ),
    Rule((401,), "", "OpenStack refuses this site's credentials.", CloudCredentialsRefused),
    Rule((403,), "", _NOT_ALLOWED),
    Rule(
        (408, 413, 425, 429),
        "",
        "OpenStack is busy: trying again later may help.",
        CloudUnreachable,
    ),
)

# What Nova says of a server in ERROR, and what to tell the user.
FAULTS: tuple[tuple[str, str], ...] = (
    (
        "No valid host was found",
        "No host has room for this flavor now: choose a smaller flavor, or try again later.",
    ),
    (
        "Exceeded maximum number of retries",
        f"The site's hosts could not start the VM: try again. {ASK_OPERATOR}",
    ),
    (
        "Build of instance .* aborted: .*No fixed IP addresses available",
        "The network has no free address left: choose another network, or try again later.",
    ),
    (
        r"Build of instance .* aborted: Failed to allocate the network\(s\)",
        f"The VM could not be attached to its network: try again. {ASK_OPERATOR}",
    ),
    (
        "Build of instance .* aborted",
        f"The site's host gave up building the VM: try again. {ASK_OPERATOR}",
    ),
    (
        "Failed to terminate instance",
        f"The site's host could not remove the VM yet: it is tried again. {ASK_OPERATOR}",
    ),
)
