"""The parts of openstacksdk that are used here, without the rest: import the SDK by this module.

The SDK's resources need none of what the `__init__.py` of their packages import: `Connection` and
the `Proxy` of each service, and with these the code of every service that OpenStack has. Its
configuration needs YAML only where there is a clouds.yaml. So these files are run only when
something of them is asked for, as `openstack.connect` by tests that share the process.
"""
# ruff: noqa: E402 - the packages are registered before anything of them is imported

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from typing import Any

# What the `__init__.py` of each package defines, in the release that requirements.txt names. Of
# openstack's packages modules are imported by name, which must not run it; of yaml nothing is.
_DEFINED_BY_INIT: dict[str, set[str] | None] = {
    "yaml": None,
    "openstack": {"connect", "connection", "enable_logging"},
    "openstack.compute.v2": {"Proxy"},
    "openstack.image.v2": {"Proxy"},
    "openstack.network.v2": {"Proxy"},
}


def _register(name: str, defined: set[str] | None) -> None:
    """Register a package whose `__init__.py` runs when something that it defines is looked up.

    None: when anything is.
    """
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"openstacksdk needs the package {name}", name=name)
    package = module_from_spec(spec)
    run = spec.loader.exec_module

    def look_up(attribute: str) -> Any:
        if defined is not None and attribute not in defined:
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        del vars(package)["__getattr__"]
        run(package)
        return getattr(package, attribute)

    vars(package)["__getattr__"] = look_up  # PEP 562
    sys.modules[name] = package
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, package)


for _name, _defined in _DEFINED_BY_INIT.items():
    if _name not in sys.modules:
        _register(_name, _defined)

from openstack import exceptions
from openstack.compute.v2.flavor import Flavor
from openstack.compute.v2.limits import Limits
from openstack.compute.v2.server import Server
from openstack.compute.v2.server_remote_console import ServerRemoteConsole
from openstack.config import OpenStackConfig
from openstack.config.cloud_region import CloudRegion
from openstack.image.v2.image import Image
from openstack.network.v2.floating_ip import FloatingIP
from openstack.network.v2.network import Network
from openstack.network.v2.port import Port
from openstack.proxy import Proxy
from openstack.resource import Resource
from openstack.service_description import ServiceDescription

__all__ = [
    "CloudRegion",
    "Flavor",
    "FloatingIP",
    "Image",
    "Limits",
    "Network",
    "OpenStackConfig",
    "Port",
    "Proxy",
    "Resource",
    "Server",
    "ServerRemoteConsole",
    "ServiceDescription",
    "exceptions",
]
