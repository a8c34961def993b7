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
    """One project of a cloud: its services, each looked up in the catalog when first used."""

    compute = ServiceDescription[Service]("compute", {"2": Service})
    image = ServiceDescription[Service]("image", {"2": Service})
    network = ServiceDescription[Service]("network", {"2": Service})

    def __init__(self, region: CloudRegion) -> None:
        # What ServiceDescription looks for, by the names that a `Connection` has for it.
        self.config = region
        self.name = region.name
        self._proxies: dict[str, Service] = {}
        self._strict_proxies = False
