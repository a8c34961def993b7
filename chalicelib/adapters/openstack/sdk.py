"""The parts of openstacksdk that are used here, without the rest: import the SDK by this module.

The SDK's resource layer needs none of what `openstack/__init__.py` imports: `Connection`, and with
it the code of every service that OpenStack has. So that file is run only when something of it is
asked for, as `openstack.connect` by tests that share the process.
"""
# ruff: noqa: E402 - the package is registered before anything of it is imported

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from typing import Any

_NAMES_OF_INIT = frozenset({"connect", "connection", "enable_logging"})


def _register_package() -> None:
    """Register `openstack` as a package whose `__init__.py` is yet to run."""
    spec = find_spec("openstack")
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("openstacksdk is not installed", name="openstack")
    package = module_from_spec(spec)
    run = spec.loader.exec_module

    def run_init(name: str) -> Any:
        if name not in _NAMES_OF_INIT:
            raise AttributeError(f"module 'openstack' has no attribute {name!r}")
        del vars(package)["__getattr__"]
        run(package)
        return getattr(package, name)

    vars(package)["__getattr__"] = run_init  # PEP 562
    sys.modules["openstack"] = package


if "openstack" not in sys.modules:
    _register_package()

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
