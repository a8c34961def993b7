"""A small OpenStack cloud in one process, for tests and the local stack.

Keystone v3, Nova v2.1, Neutron v2.0 and Glance v2 answer on one loopback port as the real
services do for a tenant using openstacksdk, with their states, error texts and bad habits, and
with faults on demand. Guests do not exist; their phone-home part is run as a local process.
"""

from infra.local.simulator.faults import Effect, Fault
from infra.local.simulator.server import RecordedRequest
from infra.local.simulator.simulator import Simulator, Snapshot
from infra.local.simulator.timings import Timings

__all__ = ["Effect", "Fault", "RecordedRequest", "Simulator", "Snapshot", "Timings"]
