"""What is done to a VM while processes die."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.statuses import ResourceStatus
from tests.faults.life import HOPELESS, RICH, Life
from tests.faults.reaper import API, Point
from tests.faults.world import World

RECONCILE = "reconcile"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`act` happens among deaths, to a VM that is up already if `is_up`; it ends as `expected`.

    Only the points that `covers` names are tried: those that no other scenario has.
    """

    name: str
    is_up: bool
    act: Callable[[World, Life], None]
    expected: ResourceStatus
    covers: Callable[[Point], bool] = lambda _point: True


def _lose(world: World, life: Life) -> None:
    assert life.resource is not None
    assert life.resource.server_id is not None
    world.cloud.delete_server(life.resource.server_id)


REQUEST = Scenario("request", False, lambda _, life: life.request(RICH), ResourceStatus.UP)
RESET = Scenario("reset", True, lambda _, life: life.reset(), ResourceStatus.UP)
RELEASE = Scenario("release", True, lambda _, life: life.release(), ResourceStatus.TERMINATED)
EXPIRY = Scenario(
    "expiry",
    True,
    lambda _, life: life.expire(),
    ResourceStatus.TERMINATED,
    lambda point: point.process == RECONCILE,
)
LOSS = Scenario(
    "loss", True, _lose, ResourceStatus.FAILED, lambda point: point.process == RECONCILE
)
# Until the server is in ERROR, this is a request like any other; a look at the server while it
# still builds is luck here, and the request has it too.
FAILURE = Scenario(
    "failure",
    False,
    lambda _, life: life.request(HOPELESS),
    ResourceStatus.FAILED,
    lambda point: (
        point.process != API
        and not point.process.startswith(("prepare", "ensure"))
        and point.effect != "resource building"
    ),
)
