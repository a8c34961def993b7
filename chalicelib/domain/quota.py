"""What a project uses and may use."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Amount(Struct, frozen=True):
    """So many instances, virtual CPUs and MiB of memory."""

    instances: int = 0
    vcpus: int = 0
    ram_mib: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            self.instances + other.instances,
            self.vcpus + other.vcpus,
            self.ram_mib + other.ram_mib,
        )

    def __sub__(self, other: Amount) -> Amount:
        return Amount(
            self.instances - other.instances,
            self.vcpus - other.vcpus,
            self.ram_mib - other.ram_mib,
        )


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the sum."""
    result = Amount()
    for amount in amounts:
        result += amount
    return result


def shortage(limit: Amount, used: Amount, wanted: Amount) -> str | None:
    """Say what is short and what would fit, or None when all fits."""
    free = limit - used
    for name, unit, have, want in (
        ("instances", "", free.instances, wanted.instances),
        ("vcpus", "", free.vcpus, wanted.vcpus),
        ("ram_mib", " MiB", free.ram_mib, wanted.ram_mib),
    ):
        if want > have:
            return (
                f"The project's quota leaves {max(have, 0)}{unit} of {name}, and this request "
                f"needs {want}{unit}. Ask for less, or delete resources you no longer need."
            )
    return None
