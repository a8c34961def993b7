"""Keep eventlet out of processes that run on real threads."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Ban:
    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse eventlet; let the next finder look for anything else."""
        if name.partition(".")[0] == "eventlet":
            raise ImportError("this process runs on threads: eventlet is refused")
        return None


_BAN = _Ban()


def ban_eventlet() -> None:
    """Make every later import of eventlet fail; libraries then use threads."""
    sys.meta_path.insert(0, _BAN)


def lift_ban() -> None:
    """Allow eventlet again: Neutron still imports a module that insists on it."""
    sys.meta_path.remove(_BAN)
