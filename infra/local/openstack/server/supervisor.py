"""Bring a control plane up in the right order, and keep its processes together.

One parent imports the common libraries and forks a child for each service, which share those
pages. If any child ends, all end; if the parent is killed, the kernel ends them.
"""

import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from types import FrameType

from infra.local.openstack.state import (
    SERVICES,
    Settings,
    State,
    StateError,
    load_settings,
    write_private,
)

from . import databases, pristine, probes, services
from .children import ChildError, Children
from .config_files import write_config_files
from .eventlet_ban import ban_eventlet

WATCH_SECONDS = 0.25
END_SECONDS = 3.0

COMMON_LIBRARIES = (
    "alembic",
    "cryptography.fernet",
    "jsonschema",
    "keystoneauth1.session",
    "keystonemiddleware.auth_token",
    "lxml.etree",
    "oslo_concurrency.lockutils",
    "oslo_config.cfg",
    "oslo_context.context",
    "oslo_db.sqlalchemy.enginefacade",
    "oslo_log.log",
    "oslo_messaging",
    "oslo_middleware",
    "oslo_policy.policy",
    "oslo_serialization.jsonutils",
    "oslo_utils.timeutils",
    "paste.deploy",
    "requests",
    "routes",
    "setproctitle",
    "sqlalchemy.orm",
    "stevedore",
    "waitress",
    "webob",
    "yaml",
)


class _Terminated(Exception):
    """Somebody asked this process to end."""


def supervise(state: State) -> int:
    """Run the control plane of a state until told to end; return the exit status."""
    signal.signal(signal.SIGTERM, _raise_terminated)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children = Children(state.logs)
    try:
        _bring_up(state, children)
        while True:
            time.sleep(WATCH_SECONDS)
            children.check()
    except _Terminated:
        return 0
    except ChildError as error:
        _record_failure(state, str(error), error.name)
        return 1
    except Exception as error:
        _record_failure(state, f"{type(error).__name__}: {error}", "supervisor")
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        state.ready_file.unlink(missing_ok=True)
        children.end_all(END_SECONDS)


def _bring_up(state: State, children: Children) -> None:
    tell = _Clock()
    settings = load_settings(state)
    if settings is None:
        raise StateError(f"{state.root} has no settings")
    is_fresh = not state.pristine.exists()
    _load_libraries()
    tell("libraries loaded")
    write_config_files(state, settings)
    if is_fresh:
        _create_databases(state, settings, children)
        tell("databases created")
    for service in SERVICES:
        children.fork(service, partial(services.run_service, state, settings, service))
    _open_gate(state, settings, children, is_fresh=is_fresh, tell=tell)
    for service in SERVICES:
        _wait_for(settings, service, children)
    probes.wait_until(state.nova_ready_file.exists, "Nova's services", children.check)
    tell("all services answer")
    if is_fresh:
        _seed(state, settings)
        tell("content seeded")
    state.ready_file.touch()
    tell("ready")


def _load_libraries() -> None:
    """Import what all services share, and settle on threads before any of them can choose."""
    os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "true"
    ban_eventlet()
    backend = importlib.import_module("oslo_service.backend")
    backend.init_backend(backend.BackendType.THREADING)
    for module in COMMON_LIBRARIES:
        importlib.import_module(module)
    importlib.import_module("infra.local.openstack.server.sqlite_fixes").apply()


def _create_databases(state: State, settings: Settings, children: Children) -> None:
    for name, create in databases.CREATORS.items():
        children.fork(f"{name}-database", partial(create, state, settings))
    children.join_all()


def _open_gate(
    state: State,
    settings: Settings,
    children: Children,
    *,
    is_fresh: bool,
    tell: Callable[[str], None],
) -> None:
    """Let Nova's services start once they find what they need at their first breath."""
    _wait_for(settings, "keystone", children)
    tell("Keystone answers")
    if is_fresh:
        catalog = importlib.import_module("infra.local.openstack.server.catalog")
        catalog.fill_catalog(catalog.connect(settings), settings)
        tell("catalog filled")
    _wait_for(settings, "placement", children)
    state.gate_file.touch()


def _wait_for(settings: Settings, service: str, children: Children) -> None:
    probes.wait_until(lambda: probes.answers(settings, service), service, children.check)


def _seed(state: State, settings: Settings) -> None:
    catalog = importlib.import_module("infra.local.openstack.server.catalog")
    seed = importlib.import_module("infra.local.openstack.server.seed")
    seed.seed(catalog.connect(settings))
    pristine.take_pristine_copy(state)


def _raise_terminated(_number: int, _frame: FrameType | None) -> None:
    raise _Terminated


def _record_failure(state: State, message: str, log: str) -> None:
    write_private(state.failure_file, json.dumps({"message": message, "log": log}))


class _Clock:
    """Print lines of progress with the seconds since the start."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self, line: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - self._started:5.1f} s] {line}\n")
        sys.stdout.flush()
