"""Processes die, are overtaken, or get no answer, at every effect in the life of a QKD link.

In the end no agent keeps anything of a link that has ended, a link that lives is reserved and
enrolled at both ends, its bandwidth is booked as long as it lives, and delete wins.
"""

from __future__ import annotations

import pytest

from chalicelib.domain.statuses import LinkStatus, ResourceStatus
from tests.fakes.mortal import Fate
from tests.faults.link_lab import LinkLab, LossyAgent, effects_of

pytestmark = pytest.mark.slow

ACTIVE, RELEASED, FAILED = LinkStatus.ACTIVE, LinkStatus.RELEASED, LinkStatus.FAILED
UP, TERMINATED = ResourceStatus.UP, ResourceStatus.TERMINATED
DEATHS = ("die_before", "die_after")
MODES = pytest.mark.parametrize("dies_whole", [True, False], ids=["execution", "step"])


def build(lab: LinkLab, fate: Fate, **mode: bool) -> None:
    lab.request()
    lab.run(fate, **mode)


def refused(lab: LinkLab, fate: Fate, **mode: bool) -> None:
    lab.world.lab.b.refuses = "no such link"
    build(lab, fate, **mode)


def remove(lab: LinkLab, fate: Fate, **mode: bool) -> None:
    build(lab, Fate())
    lab.release()
    lab.run(fate, **mode)


def remove_link(lab: LinkLab, fate: Fate, **mode: bool) -> None:
    build(lab, Fate())
    lab.release_link()
    lab.run(fate, **mode)


BUILD, REFUSED = effects_of(build), effects_of(refused)
REMOVE, REMOVE_LINK = effects_of(remove), effects_of(remove_link)
# What happens, how many effects it has, and how it must end: the link, the VMs a and b.
LIVES = pytest.mark.parametrize(
    ("action", "effects", "link", "vms"),
    [
        (build, BUILD, ACTIVE, (UP, UP)),
        (refused, REFUSED, FAILED, (ResourceStatus.FAILED, ResourceStatus.FAILED)),
        (remove, REMOVE, RELEASED, (TERMINATED, UP)),
        (remove_link, REMOVE_LINK, RELEASED, (UP, UP)),
    ],
    ids=["build", "refused", "remove", "remove link"],
)


def check(lab: LinkLab, link: LinkStatus, vms: tuple[ResourceStatus, ...] | None = None) -> None:
    lab.settle()
    assert lab.violations() == []
    assert lab.link.status is link
    if vms is not None:
        assert (lab.resource("a").status, lab.resource("b").status) == vms


def test_the_counts_cover_the_whole_work():
    assert (BUILD > 40, REFUSED > 20, REMOVE > 12, REMOVE_LINK > 6) == (True,) * 4


@LIVES
def test_nothing_happens(action, effects, link, vms):
    assert effects
    lab = LinkLab()
    action(lab, Fate())
    assert lab.violations() == []
    check(lab, link, vms)


@MODES
@pytest.mark.parametrize("death", DEATHS)
@LIVES
def test_a_process_dies_once(action, effects, link, vms, death, dies_whole):
    for k in range(1, effects + 1):
        lab = LinkLab()
        action(lab, Fate(**{death: k}), dies_whole=dies_whole)
        check(lab, link, vms)


@LIVES
def test_processes_die_twice(action, effects, link, vms):
    for k in range(1, effects + 1):
        for later in (1, 3, 8):
            lab = LinkLab()
            action(lab, Fate(die_after=k, die_before=k + later), dies_whole=True)
            check(lab, link, vms)


@pytest.mark.parametrize("death", DEATHS)
def test_the_api_dies(death):
    for k in range(1, 30):
        lab = LinkLab()
        lab.request(Fate(**{death: k}))
        lab.run()
        lab.release_link(Fate(**{death: k}))
        lab.run()
        check(lab, RELEASED, (UP, UP))
        lab.release("a", Fate(**{death: k}))
        check(lab, RELEASED, (TERMINATED, UP))


@pytest.mark.parametrize("death", DEATHS)
def test_the_sweep_dies(death):
    for k in range(1, 40):
        lab = LinkLab()
        build(lab, Fate(die_after=9), dies_whole=True)
        lab.sweep(Fate(**{death: k}))
        check(lab, ACTIVE, (UP, UP))
        lab.release("b")
        lab.sweep(Fate(**{death: k}))
        check(lab, RELEASED, (UP, TERMINATED))


@pytest.mark.parametrize("how", ["order", "order and run"])
@pytest.mark.parametrize("what", ["a", "b", "link"])
def test_delete_wins_wherever_it_overtakes_the_build(what, how):
    for k in range(1, BUILD + 1):
        for death in (0, k, k + 3):
            lab = LinkLab()

            def order(lab: LinkLab = lab) -> None:
                lab.release_link() if what == "link" else lab.release(what)
                if how == "order and run":
                    lab.run()

            build(lab, Fate(overtaken_at=k, by=order, die_after=death), dies_whole=True)
            lab.settle()
            if how == "order and run":
                # The overtaken process was asleep for longer than its lease, and died: its token
                # is in no VM, and ends by time.
                lab.expire_tokens()
            assert lab.violations() == []
            # Where the death came first, nothing was overtaken.
            ordered = any(t.action.startswith("delete") for t in lab.world.tasks.by_id.values())
            assert lab.link.status is (RELEASED if ordered else ACTIVE)


def test_a_duplicate_that_overtakes_the_build_changes_nothing():
    for k in range(1, BUILD + 1):
        lab = LinkLab()
        build(lab, Fate(overtaken_at=k, by=lab.run_again))
        check(lab, ACTIVE, (UP, UP))


@pytest.mark.parametrize("losses", [1, 2, 9])
@pytest.mark.parametrize("site", ["kme-a", "kme-b"])
@pytest.mark.parametrize(
    ("action", "method", "link"),
    [
        (build, "reserve", ACTIVE),
        (build, "admit", ACTIVE),
        (refused, "release", FAILED),
        (refused, "revoke", FAILED),
        (remove, "release", RELEASED),
        (remove, "revoke", RELEASED),
        (remove_link, "release", RELEASED),
        (remove_link, "revoke", RELEASED),
    ],
)
def test_lost_answers(action, method, link, site, losses):
    """Nine are so many that the task parks, and is resumed."""
    lab = LinkLab()
    lab.agents[site] = lossy = LossyAgent(lab.agents[site], method, losses)
    action(lab, Fate())
    check(lab, link)
    assert lossy.losses == 0
