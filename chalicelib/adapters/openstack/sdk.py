"""openstacksdk with the services that this site calls, and without the others.

`openstack.connection` imports the code of every service that OpenStack has: a third of the time
that the SDK takes to import, at each cold start of a step. Those that nothing here calls are
answered by empty modules; touching one at run time says so. Import the SDK by this module.
"""

from __future__ import annotations

import sys
from collections.abc import MutableSequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

LEFT_OUT = frozenset({
    "accelerator", "baremetal", "baremetal_introspection", "block_storage", "clustering",
    "container_infrastructure_management", "database", "dns", "instance_ha", "key_manager",
    "load_balancer", "message", "object_store", "orchestration",
    "shared_file_system", "workflow",
})  # fmt: skip


class _Nothing:
    """Stands for a class, a module or a service of what was left out; cannot be used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> _Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing(f"{self._name}.{name}")

    def __call__(self, *_args: Any, **_keywords: Any) -> _Nothing:
        return self

    def __or__(self, _other: object) -> _Nothing:
        return self  # in annotations

    __ror__ = __or__

    def __get__(self, connection: object, _owner: type | None = None) -> _Nothing:
        """Refuse what looks the service up on a connection."""
        if connection is None:
            return self
        raise NotImplementedError(f"{self._name} is left out: see {__name__}")


class _EmptyModule(ModuleType):
    __path__: MutableSequence[str] = []  # noqa: RUF012 - as ModuleType declares it

    def __getattr__(self, name: str) -> _Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing(f"{self.__name__}.{name}")


class _EmptyServices(MetaPathFinder, Loader):
    def find_spec(self, fullname: str, *_where: object) -> ModuleSpec | None:
        parts = fullname.split(".")
        is_left_out = parts[0] == "openstack" and len(parts) > 1 and parts[1] in LEFT_OUT
        return ModuleSpec(fullname, self, is_package=True) if is_left_out else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _EmptyModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


_FINDER = _EmptyServices()
sys.meta_path.insert(0, _FINDER)
try:
    from openstack import exceptions
    from openstack.config import OpenStackConfig
    from openstack.connection import Connection
finally:
    sys.meta_path.remove(_FINDER)

__all__ = ["Connection", "OpenStackConfig", "exceptions"]
