"""What the tests of the simulator share."""

import base64
import time
from functools import cached_property

import openstack
from openstack import exceptions
from openstack.config import OpenStackConfig

DEADLINE_SECONDS = 8.0


def connect(clouds_yaml, cloud="slices"):
    """Connect as an application would: a named cloud, nothing from the environment."""
    config = OpenStackConfig(config_files=[str(clouds_yaml)], load_envvars=False)
    return openstack.connection.Connection(config=config.get_one(cloud))


def wait_until(condition):
    """Poll until the condition gives something true; answer that."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < end, f"{condition} never came true"
        time.sleep(0.02)
    return found


def base64_text(raw):
    return base64.b64encode(raw).decode()


class Tenant:
    """A connection, with the catalog looked up when it is first needed."""

    def __init__(self, connection):
        self.connection = connection
        self.compute = connection.compute

    @property
    def network(self):
        return self.connection.network

    @cached_property
    def flavors(self):
        return {one.name: one.id for one in self.compute.flavors()}

    @cached_property
    def disk_images(self):
        return {one.name: one.id for one in self.connection.image.images()}

    @cached_property
    def networks(self):
        return {one.name: one.id for one in self.network.networks()}

    def body(self, **changes):
        """Make the arguments of a creation that works; None takes one away."""
        body = {
            "name": "vm",
            "flavor_id": self.flavors["m1.tiny"],
            "image_id": self.disk_images["ubuntu-24.04"],
            "networks": [{"uuid": self.networks["public"]}],
            **changes,
        }
        return {key: value for key, value in body.items() if value is not None}

    def create(self, **changes):
        return self.compute.create_server(**self.body(**changes))

    def create_port(self, network="public", **changes):
        return self.network.create_port(network_id=self.networks[network], **changes)

    def status(self, server):
        return self.compute.get_server(server.id).status

    def wait_for(self, server, status):
        wait_until(lambda: self.status(server) == status)
        return self.compute.get_server(server.id)

    def is_gone(self, server):
        try:
            self.compute.get_server(server.id)
        except exceptions.NotFoundException:
            return True
        return False

    def delete(self, server):
        self.compute.delete_server(server.id)
        wait_until(lambda: self.is_gone(server))


def count(simulator, method, path):
    """Count the requests in the journal."""
    return sum(one.method == method and one.path == path for one in simulator.requests)
