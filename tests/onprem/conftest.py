import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from infra.onprem import bench
from infra.onprem.lab import BACKEND, Lab
from infra.onprem.qkd_agent.agent import Agent
from infra.onprem.qkd_agent.config import load_configuration
from infra.onprem.qkd_agent.web.client import JsonClient

FAST = {"initial_stock_bits": 5e7, "block_seconds": 1.0}
SAES = {"kme-a": ["alice"], "kme-b": ["bob", "bert"], "kme-c": ["carol"]}


def wait_until(condition, seconds=15.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("the condition did not become true in time")


@dataclass
class World:
    """A lab whose agents run in this process."""

    lab: Lab
    agents: list = field(default_factory=list)
    clients: list[JsonClient] = field(default_factory=list)

    def start(self):
        for index in range(len(self.lab.sites)):
            agent = Agent(load_configuration(self.lab.configuration(index)))
            agent.start()
            self.agents.append(agent)

    def stop(self):
        for client in self.clients:
            client.close()
        with ThreadPoolExecutor(4) as pool:
            for stopped in [pool.submit(agent.stop) for agent in self.agents]:
                stopped.result()

    def client(self, name, site, face="sae"):
        client = bench.client(self.lab, name, self.lab.sites[site].ports[face])
        self.clients.append(client)
        return client

    def sae(self, name):
        site = next(i for i, s in enumerate(self.lab.sites) if name in s.sae_ids)
        return self.client(name, site)

    def control(self, site=0):
        return self.client(BACKEND, site, "control")

    def events(self, site=0):
        return self.agents[site].journal.after(0, 10_000)

    def told(self, kind, site=0):
        return [e for e in self.events(site) if e["about"].get("kind") == kind]


def make_world(directory, saes, emulator=None, extra=None):
    extra = {"agent": {"monitor_seconds": 600.0}, **(extra or {})}
    lab = Lab(directory, bench.make_sites(saes), {**FAST, **(emulator or {})}, {})
    lab.extra = {}
    lab.create()
    for index, site in enumerate(lab.sites):
        data = str(directory / f"{site.kme_id}-data")
        base = {
            "kme_id": site.kme_id,
            "node_id": site.node_id,
            "location": site.kme_id,
            "data_directory": data,
        }
        lab.extra = {**extra, "agent": {**base, **extra["agent"]}}
        lab.write_configuration(index)
    return World(lab)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Three sites in a chain; tests do not depend on what others have left in them."""
    world = make_world(tmp_path_factory.mktemp("lab"), SAES)
    world.start()
    yield world
    world.stop()


@pytest.fixture
def pair(tmp_path):
    """Two sites of one test's own."""
    world = make_world(tmp_path, {"kme-a": ["alice"], "kme-b": ["bob"]})
    world.start()
    yield world
    world.stop()


@pytest.fixture
def strict(tmp_path):
    """Two sites where an old certificate ends at the first use of the new one."""
    extra = {"authority": {"renewal_grace_seconds": 0.0}}
    world = make_world(tmp_path, {"kme-a": ["alice"], "kme-b": ["bob"]}, extra=extra)
    world.start()
    yield world
    world.stop()
