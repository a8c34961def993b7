"""The rehearsal finds functions that it never called, and those whose size leaves no room."""

from __future__ import annotations

import pytest

from infra.aws.rehearsal.functions import Deployed, Use
from infra.aws.rehearsal.report import Finding, Report
from infra.aws.rehearsal.sizes import check_calls, check_sizes

DEPLOYED = {"stack-step": Deployed("stack-step", "m.step", timeout=10, memory=256, environment={})}


def use(seconds, mib):
    used = Use()
    used.add(seconds, mib * 1024)
    used.add(0.1, 1024)
    return {"stack-step": used}


def test_twice_what_was_taken_is_enough(capsys):
    check_sizes(Report(), DEPLOYED, use(5.0, 128))
    assert "2 calls, peak 128 of 256 MiB, longest 5.0 of 10 s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("used", "mistake"),
    [(use(5.0, 129), "256 MiB is less than twice 129"), (use(5.1, 1), "10 s is less than twice")],
)
def test_less_is_a_finding(used, mistake):
    with pytest.raises(Finding, match=mistake):
        check_sizes(Report(), DEPLOYED, used)


def test_a_function_that_was_never_called_is_a_finding():
    forgotten = Deployed("stack-new", "m.new", timeout=10, memory=256, environment={})
    deployed = DEPLOYED | {"stack-new": forgotten}
    check_calls(DEPLOYED, use(0.1, 1))
    with pytest.raises(Finding, match=r"\Astack-new was never called: give it a step .*\Z"):
        check_calls(deployed, use(0.1, 1))
    with pytest.raises(Finding, match=r"stack-new was never called.*\nstack-step was never called"):
        check_calls(deployed, {})
