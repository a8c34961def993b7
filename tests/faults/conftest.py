"""One stack per module with short waits, watched by a reaper, swept again and again."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from chalicelib import bootstrap
from infra.local.stack import LocalStack, StackOptions
from tests.faults.world import VARIABLES, World, alive, in_memory


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    # Dying processes log a lot that is meant for operators.
    logging.getLogger("chalicelib").setLevel(logging.CRITICAL)
    options = StackOptions(
        state=tmp_path_factory.mktemp("faults"),
        boot_seconds=0.8,
        run_schedules=False,
        variables=VARIABLES,
    )
    with LocalStack(options) as stack:
        stack.simulator.set_quota(instances=-1, cores=-1, ram=-1, ports=-1, floating_ips=-1)
        yield stack
    logging.getLogger("chalicelib").setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def world(stack: LocalStack) -> Iterator[World]:
    world = World(stack, in_memory(bootstrap.backend()), stack.simulator.snapshot)
    with alive(world, world.reaper.around):
        yield world
