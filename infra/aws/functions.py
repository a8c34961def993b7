"""The Lambda functions and their trust zones: size, network and rights follow from this table.

A zone is what functions may reach. Its policy file says the same in AWS's words.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.services.acceptance import WORKFLOWS

# Chalice's name for the one function behind all routes, in its configuration.
API = "api_handler"
SCHEDULES = ("catalog_sync", "reconcile", "telemetry")

# Items are replaced whole under a condition; only quota is counted in place.
_CHANGE = ("GetItem", "PutItem")
_CLAIM = ("GetItem", "PutItem", "UpdateItem", "DeleteItem")


@dataclass(frozen=True, slots=True)
class Zone:
    """What a function may reach.

    Attributes:
        tables: DynamoDB actions by the table's name (`Tables` of the DynamoDB adapter).
        starts: Workflows whose executions it starts.
        sweeps: Whether it looks at those executions too.
        invokes: Functions that it calls.
        openstack: Whether it logs in to OpenStack.
        agents: Whether it calls the QKD agents.
        memory: MiB. Lambda gives CPU by memory, so it also buys a faster cold start.
        timeout: Seconds.
    """

    tables: dict[str, tuple[str, ...]]
    memory: int
    timeout: int
    starts: tuple[str, ...] = ()
    sweeps: bool = False
    invokes: tuple[str, ...] = ()
    openstack: bool = False
    agents: bool = False

    @property
    def in_vpc(self) -> bool:
        """Whether its functions sit in the VPC: only those that talk to the lab."""
        return self.openstack or self.agents


_ALL_WORKFLOWS = tuple(sorted(set(WORKFLOWS.values())))
# Timeouts: what one call takes that uses up its time and retries has room, so that it ends in an
# error that says what is away. A step must be over before its lease (60 s) and its state's
# TimeoutSeconds (60 s) are.
_LAB_STEP_SECONDS = (
    55  # two calls of OpenStack of 25 s each, or of an agent of 10 s and the store's
)
_STEP_SECONDS = 25  # one call of the store: three attempts of 2 s to connect and 5 s to answer

# Memory: processes of the rehearsal take 40 to 65 MiB at their peak, and make rehearse fails above
# half of what is set here. More than that buys CPU, which follows memory: half a processor where a
# person waits for a cold start; a quarter where a workflow does, which mostly waits itself, for the
# cloud, and pays for its memory meanwhile; room where a run grows with the catalog or the site.
_WAITED_FOR_MIB = 1024
_STEP_MIB = 512
_GROWING_MIB = 1024

ZONES: dict[str, Zone] = {
    # API Gateway gives up after 29 s.
    "api": Zone(
        tables={
            "resources": (*_CHANGE, "Query", "BatchGetItem"),
            "tasks": (*_CHANGE, "Query", "BatchGetItem"),
            "catalog": (*_CHANGE, "Query", "DeleteItem"),
            "claims": _CLAIM,
            "links": (*_CHANGE, "Query", "BatchGetItem"),
            "qkd_links": (*_CHANGE, "Query", "BatchGetItem"),
            "qkd_telemetry": ("GetItem", "Query"),
        },
        starts=_ALL_WORKFLOWS,
        invokes=("open_server_console",),
        memory=_WAITED_FOR_MIB,
        timeout=28,
    ),
    "records": Zone(
        tables={
            "resources": _CHANGE,
            "tasks": _CHANGE,
            "claims": _CLAIM,
            "links": _CHANGE,
            "qkd_links": _CHANGE,
        },
        memory=_STEP_MIB,
        timeout=_STEP_SECONDS,
    ),
    "cloud": Zone(
        tables={"resources": _CHANGE, "tasks": _CHANGE},
        openstack=True,
        memory=_STEP_MIB,
        timeout=_LAB_STEP_SECONDS,
    ),
    "server": Zone(
        tables={"resources": _CHANGE, "tasks": _CHANGE, "links": _CHANGE},
        openstack=True,
        agents=True,
        memory=_STEP_MIB,
        timeout=_LAB_STEP_SECONDS,
    ),
    # Called by the API within its own 28 s.
    "console": Zone(
        tables={"resources": ("GetItem",)},
        openstack=True,
        memory=_WAITED_FOR_MIB,
        timeout=25,
    ),
    "links": Zone(
        tables={
            "resources": _CHANGE,
            "tasks": _CHANGE,
            "links": _CHANGE,
            "qkd_links": _CHANGE,
        },
        # A link whose VM does not enrol goes by a task of its own.
        starts=("release_link",),
        agents=True,
        memory=_STEP_MIB,
        timeout=_LAB_STEP_SECONDS,
    ),
    # Orders only, so that no VM waits for the lab's tunnel.
    "link-orders": Zone(
        tables={"resources": ("GetItem",), "tasks": _CHANGE, "links": _CHANGE},
        starts=("release_link",),
        memory=_STEP_MIB,
        timeout=_STEP_SECONDS,
    ),
    "catalog-sync": Zone(
        tables={"catalog": (*_CHANGE, "Query")},
        openstack=True,
        memory=_GROWING_MIB,
        timeout=120,
    ),
    # Longer than its period: a second sweep beside it does no harm, half a sweep might.
    "reconcile": Zone(
        tables={
            "resources": (*_CHANGE, "Query", "BatchGetItem"),
            "tasks": (*_CHANGE, "Query", "BatchGetItem"),
            "claims": _CLAIM,
            "links": (*_CHANGE, "Query", "BatchGetItem"),
            "qkd_links": _CHANGE,
            "catalog": ("GetItem",),
        },
        starts=_ALL_WORKFLOWS,
        sweeps=True,
        openstack=True,
        memory=_GROWING_MIB,
        timeout=120,
    ),
    "telemetry": Zone(
        tables={
            "links": (*_CHANGE, "Query", "BatchGetItem"),
            "qkd_links": (*_CHANGE, "Query", "BatchGetItem"),
            "qkd_telemetry": (*_CHANGE, "Query"),
        },
        agents=True,
        memory=_STEP_MIB,
        timeout=_LAB_STEP_SECONDS,
    ),
}

FUNCTIONS: dict[str, str] = {
    API: "api",
    **dict.fromkeys(
        (
            "prepare_request",
            "prepare_release",
            "prepare_reset",
            "check_ready",
            "record_failure",
            "close_resource",
            "end_failed_reset",
            "park_task",
            "close_task",
        ),
        "records",
    ),
    **dict.fromkeys(
        (
            "ensure_network",
            "check_server",
            "ensure_public_address",
            "remove_server",
            "remove_network",
            "reboot_server",
            "check_reboot",
        ),
        "cloud",
    ),
    "ensure_server": "server",
    "open_server_console": "console",
    **dict.fromkeys(("reserve_links", "activate_links", "release_task_links"), "links"),
    "release_links": "link-orders",
    "catalog_sync": "catalog-sync",
    "reconcile": "reconcile",
    "telemetry": "telemetry",
}


def zone_of(function: str) -> Zone:
    """Return the zone of a function."""
    return ZONES[FUNCTIONS[function]]


def logical_id(function: str) -> str:
    """Return the resource that Chalice makes of a function: `catalog_sync` is `CatalogSync`."""
    if function == API:
        return "APIHandler"
    return "".join(word.capitalize() for word in function.split("_"))


def policy_file(zone: str) -> str:
    """Return the name of a zone's policy file in .chalice."""
    return f"policy-{zone}.json"
