"""Whether the functions' memory and timeouts fit what their processes took."""

from __future__ import annotations

from collections.abc import Mapping

from infra.aws.rehearsal.functions import Deployed, Use
from infra.aws.rehearsal.report import Finding, Report

# Lambda ends a process that takes more than its memory; larger catalogs and answers take more.
MEMORY_MARGIN = 2.0
# A busy cloud or lab takes longer than a simulated one.
TIME_MARGIN = 2.0


def check_sizes(report: Report, deployed: Mapping[str, Deployed], used: Mapping[str, Use]) -> None:
    """Print what each function took beside what it has.

    Raises:
        Finding: one took more than its size leaves room for.
    """
    found = []
    for name, function in sorted(deployed.items()):
        use = used.get(name)
        if use is None:
            report.note(f"{name}: not called")
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
