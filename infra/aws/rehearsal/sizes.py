"""Whether every function was called, and its memory and timeout fit what its process took."""

from __future__ import annotations

from collections.abc import Mapping

from infra.aws.rehearsal.functions import Deployed, Use
from infra.aws.rehearsal.report import Finding, Report

# Lambda ends a process that takes more than its memory; larger catalogs and answers take more.
MEMORY_MARGIN = 2.0
# A busy cloud or lab takes longer than a simulated one.
TIME_MARGIN = 2.0
_STEPS = "infra/aws/rehearsal/life.py"


def check_calls(deployed: Mapping[str, Deployed], used: Mapping[str, Use]) -> None:
    """See that the rehearsal has called each function, so that each was measured.

    Raises:
        Finding: names those that it has not.
    """
    left = sorted(name for name in deployed if name not in used)
    if left:
        raise Finding(
            "\n".join(
                f"{name} was never called: give it a step in {_STEPS}, unless one failed above"
                for name in left
            )
        )


def check_sizes(report: Report, deployed: Mapping[str, Deployed], used: Mapping[str, Use]) -> None:
    """Print what each function that was called took beside what it has.

    Raises:
        Finding: one took more than its size leaves room for.
    """
    found = []
    for name, function in sorted(deployed.items()):
        use = used.get(name)
        if use is None:
            continue
        report.note(
            f"{name}: {use.calls} calls, peak {use.peak_mib:.0f} of {function.memory} MiB, "
            f"longest {use.longest_seconds:.1f} of {function.timeout} s"
        )
        if use.peak_mib * MEMORY_MARGIN > function.memory:
            found.append(f"{name}: {function.memory} MiB is less than twice {use.peak_mib:.0f}")
        if use.longest_seconds * TIME_MARGIN > function.timeout:
            found.append(
                f"{name}: {function.timeout} s is less than twice {use.longest_seconds:.1f}"
            )
    if found:
        raise Finding("\n".join(found))
