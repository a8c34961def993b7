"""What is done to a VM while processes die."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.statuses import ResourceStatus
from tests.faults.life import HOPELESS, RICH, Life
from tests.faults.world import World


@dataclass(frozen=True, slots=True)
class Scenario:
    """`prepare` happens in peace, `act` among deaths; then the resource must be `expected`."""

    name: str
    prepare: Callable[[World, Life], None]
    act: Callable[[World, Life], None]
    expected: ResourceStatus


def _nothing(_world: World, _life: Life) -> None:
    pass


def _up(world: World, life: Life) -> None:
    life.request(RICH)
    wrong = world.at_rest(life, ResourceStatus.UP)
    assert not wrong, wrong


def _lose(world: World, life: Life) -> None:
    assert life.resource is not None
    assert life.resource.server_id is not None
    world.compute._inner.delete_server(life.resource.server_id)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("request", _nothing, lambda _, life: life.request(RICH), ResourceStatus.UP),
        Scenario(
            "failure", _nothing, lambda _, life: life.request(HOPELESS), ResourceStatus.FAILED
        ),
        Scenario("reset", _up, lambda _, life: life.reset(), ResourceStatus.UP),
        Scenario("release", _up, lambda _, life: life.release(), ResourceStatus.TERMINATED),
        Scenario("expiry", _up, lambda _, life: life.expire(), ResourceStatus.TERMINATED),
        Scenario("loss", _up, _lose, ResourceStatus.FAILED),
    )
}
