"""Nova's conductor, scheduler and compute, as threads beside its API.

In one process, because the in-memory message transport reaches no further.
"""

import os
import shlex
import sys
import threading
import time
import traceback
from typing import Any

import nova.conf
import os_brick
import os_vif
from nova import context as nova_context
from nova import objects, service, utils
from nova.compute import rpcapi as compute_rpcapi
from nova.conductor import rpcapi as conductor_rpcapi
from nova.objects import host_mapping
from nova.scheduler import rpcapi as scheduler_rpcapi
from nova.scheduler.client import report
from oslo_privsep import priv_context
from oslo_service import opts as service_opts

from infra.local.openstack.state import State

from . import fake_driver

CONF = nova.conf.CONF
GATE_POLL_SECONDS = 0.05

# Nova loads drivers from below this package only.
DRIVER_MODULE = "nova.virt.slices_loopback"


def start_in_background(state: State) -> None:
    """Start the services once the gate opens; end the whole process if they cannot start."""
    _prepare()
    threading.Thread(target=_start_or_die, args=(state,), name="nova-services").start()


def _start_or_die(state: State) -> None:
    try:
        _wait_for_gate(state)
        _start()
        state.nova_ready_file.touch()
    except BaseException:  # noqa: BLE001 - an API without its services would hang every create
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _prepare() -> None:
    """Do what the entry points of the three services do before they start."""
    sys.modules[DRIVER_MODULE] = fake_driver
    # Asks for the allocations of every server at every claim, only for a reshape that a fake host
    # never needs: with fifty servers three quarters of all work.
    report.SchedulerReportClient.get_allocations_for_provider_tree = _no_allocations
    service_opts.register_service_opts(CONF)
    objects.register_all()
    objects.Service.enable_min_version_cache()
    priv_context.init(root_helper=shlex.split(utils.get_root_helper()))
    os_brick.setup(CONF)
    os_vif.initialize()


def _no_allocations(_client: Any, _context: Any, _node: str) -> dict[str, Any]:
    return {}


def _wait_for_gate(state: State) -> None:
    """Wait for what compute needs at once; it would otherwise retry a minute later."""
    while not state.gate_file.exists():
        time.sleep(GATE_POLL_SECONDS)


def _start() -> None:
    _start_service("nova-conductor", conductor_rpcapi.RPC_TOPIC)
    _start_service("nova-scheduler", scheduler_rpcapi.RPC_TOPIC)
    _start_service("nova-compute", compute_rpcapi.RPC_TOPIC, topic_alt=compute_rpcapi.RPC_TOPIC_ALT)
    host_mapping.discover_hosts(nova_context.get_admin_context(), by_service=True)


def _start_service(binary: str, topic: str, **options: str) -> None:
    server = service.Service.create(binary=binary, topic=topic, **options)
    server.start()
    # The first heartbeat comes only after seconds; until then a service of an older run counts as
    # down, and nothing is scheduled.
    server.service_ref.report_count += 1
    server.service_ref.save()
