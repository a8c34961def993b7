"""The services of a cloud, as the SDK's resources need them."""

from __future__ import annotations

from typing import Any

import requests
from keystoneauth1.adapter import Adapter

from chalicelib.adapters.openstack.sdk import CloudRegion, Proxy, ServiceDescription


class Service(Proxy):
    """Sends what resources ask for, without the `Connection` that a plain Proxy insists on.

    From a connection come a cache, which could hide the server that was created a moment ago,
    statistics, and the location that each resource is told.
    """

    def _get_connection(self) -> None:
        """Tell resources that there is none."""

    def request(self, url: str, method: str, *_args: Any, **options: Any) -> requests.Response:
        """Send a request; whoever asked reads the status."""
        options.pop("skip_cache", None)
        return Adapter.request(self, url, method, **{"raise_exc": False, **options})


class Cloud:
    """One project of a cloud: its services, each looked up in the catalog when first used.

    The attributes have the names by which ServiceDescription knows a `Connection`.
    """

    def __init__(self, region: CloudRegion) -> None:
        self.config = region
        self.name = region.name
        self._proxies: dict[str, Service] = {}
        self._strict_proxies = False

    @property
    def compute(self) -> Service:
        """Nova."""
        return self._service("compute")

    @property
    def image(self) -> Service:
        """Glance."""
        return self._service("image")

    @property
    def network(self) -> Service:
        """Neutron."""
        return self._service("network")

    def _service(self, name: str) -> Service:
        """Return a service.

        Raises:
            openstack.exceptions.ServiceDisabledException: the catalog or clouds.yaml has it not.
        """
        service: Service = ServiceDescription[Service](name, {"2": Service}).__get__(self, Cloud)
        _ = service.request  # the SDK's stand-in for a missing service raises when it is touched
        return service
