"""The five services: load each project's own WSGI application and serve it by threads."""

import importlib
import os
from typing import Any

from infra.local.openstack.state import HOST, Settings, State

from .eventlet_ban import lift_ban

THREADS = 8
NOVA_THREADS = 16
MAXIMUM_UPLOAD_BYTES = 1 << 40


def run_service(state: State, settings: Settings, service: str) -> None:
    """Serve one service; does not return."""
    os.environ[f"OS_{service.upper()}_CONFIG_DIR"] = str(state.config / service)
    application = _load(state, service)
    threads = NOVA_THREADS if service == "nova" else THREADS
    _serve(application, settings.port(service), threads)


def _load(state: State, service: str) -> Any:
    """Return the application of a service, after what two of them need beside it."""
    match service:
        case "neutron":
            return _load_neutron()
        case "nova":
            return _load_nova(state)
        case _:
            return _application(f"{service}.wsgi.api")


def _load_neutron() -> Any:
    lift_ban()
    os.environ["OS_NEUTRON_CONFIG_FILES"] = "neutron.conf;ml2_conf.ini"
    application = _application("neutron.wsgi.api")
    # Relations between models must be complete before the first request, which would else fail.
    importlib.import_module("neutron.db.migration.models.head")
    importlib.import_module("sqlalchemy.orm").configure_mappers()
    return application


def _load_nova(state: State) -> Any:
    importlib.import_module("nova.monkey_patch").patch(backend="threading")
    # The API first: it reads the configuration and initialises messaging.
    application = _application("nova.wsgi.osapi_compute")
    importlib.import_module("infra.local.openstack.server.nova_services").start_in_background(state)
    return application


def _application(module: str) -> Any:
    return importlib.import_module(module).application


def _serve(application: Any, port: int, threads: int) -> None:
    import waitress

    waitress.serve(
        application,
        host=HOST,
        port=port,
        threads=threads,
        connection_limit=500,
        channel_timeout=300,
        max_request_body_size=MAXIMUM_UPLOAD_BYTES,
        clear_untrusted_proxy_headers=True,
        _quiet=True,
    )
