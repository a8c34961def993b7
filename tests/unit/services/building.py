"""Steps that build a VM, run one after the other."""

from __future__ import annotations

from chalicelib.services.lifecycle.progress import StepInput
from chalicelib.services.release_resource import release_resource
from tests.fakes.world import MEMBER, World


def run(world: World, step, *functions):
    """Run steps one after the other, and return the last one's answer."""
    answer = None
    for function in functions:
        answer = function(world.backend, world.compute, step)
    return answer


def status_of(world: World, name: str) -> str:
    (task,) = world.tasks.by_id.values()
    return next(s.status.value for s in task.steps if s.name == f"vm: {name}")


def release(world: World, step: StepInput) -> StepInput:
    """Order the removal, and return the input of its steps."""
    task = release_resource(world.backend, MEMBER, step.resource_id)
    return StepInput(task.id, step.resource_id)
