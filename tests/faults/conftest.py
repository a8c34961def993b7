"""One stack per module with short waits, watched by a reaper, swept again and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from chalicelib import bootstrap
from infra.local.stack import LocalStack, StackOptions
from tests.faults.reaper import Reaper
from tests.faults.world import VARIABLES, Sweeper, World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # Dying processes log a lot that is meant to be read in production only.
    logging.getLogger("chalicelib").setLevel(logging.CRITICAL)
    options = StackOptions(
        state=tmp_path_factory.mktemp("faults"),
        boot_seconds=0.8,
        run_schedules=False,
        variables=VARIABLES,
    )
    with LocalStack(options) as stack, pytest.MonkeyPatch.context() as patch:
        stack.simulator.set_quota(instances=-1, cores=-1, ram=-1, ports=-1, floating_ips=-1)
        world = World(stack, Reaper())
        patch.setattr(bootstrap, "backend", lambda: world.backend)
        patch.setattr(bootstrap, "compute", lambda: world.compute)
        stack.functions.interceptors.append(world.reaper.around)
        sweeper = Sweeper(stack)
        thread = threading.Thread(target=sweeper.run, name="sweeper", daemon=True)
        thread.start()
        yield world
        sweeper.stop()
        thread.join()
