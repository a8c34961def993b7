"""How long things take in the simulated cloud."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things take, in seconds.

    Attributes:
        boot: From accepted to ACTIVE.
        delete: From DELETE to DELETED.
        deleted_window: From DELETED to 404.
        no_host: From accepted to ERROR when no host has the capacity.
        reboot: How long a reboot, start or stop shows its task state.
    """

    boot: float = 1.0
    delete: float = 0.2
    deleted_window: float = 0.1
    no_host: float = 0.2
    reboot: float = 0.2
