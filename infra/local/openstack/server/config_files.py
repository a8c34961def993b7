"""Write the configuration of the five services. The values and traps were measured."""

import shutil
import sys
from pathlib import Path

from infra.local.openstack.state import HOST, REGION, Settings, State

Sections = dict[str, dict[str, object]]

TOKEN_SECONDS = 86_400
COMPUTE_HOST = "loopback"


def write_config_files(state: State, settings: Settings) -> None:
    """Write all configuration files and make the directories that they name."""
    for name in ("databases", "keys", "images", "staging", "tasks", "nova/instances", "neutron"):
        (state.data / name).mkdir(parents=True, exist_ok=True)
    (state.run / "locks").mkdir(parents=True, exist_ok=True)
    _write(state.config / "keystone" / "keystone.conf", _keystone(state, settings))
    _write(state.config / "glance" / "glance-api.conf", _glance(state, settings))
    _write(state.config / "glance" / "glance-image-import.conf", _glance_import())
    _write(state.config / "placement" / "placement.conf", _placement(state, settings))
    _write(state.config / "nova" / "nova.conf", _nova(state, settings))
    _write(state.config / "neutron" / "neutron.conf", _neutron(state, settings))
    _write(state.config / "neutron" / "ml2_conf.ini", _ml2())
    for template in (
        "glance/glance-api-paste.ini",
        "nova/api-paste.ini",
        "nova/rootwrap.conf",
        "neutron/api-paste.ini",
    ):
        shutil.copy(Path(sys.prefix) / "etc" / template, state.config / template)


def database_url(state: State, name: str) -> str:
    """Return the URL of a database, with a busy timeout in seconds."""
    return f"sqlite:///{state.database(name)}?timeout=60"


def _write(path: Path, sections: Sections) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(
        "\n".join(
            f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in options.items())
            for section, options in sections.items()
        )
    )


def _common(state: State, database: str) -> Sections:
    return {
        "DEFAULT": {"use_stderr": True, "log_options": False, "debug": False},
        "database": {
            "connection": database_url(state, database),
            "sqlite_synchronous": False,
            "use_db_reconnect": True,
            "max_retries": 20,
        },
        "oslo_messaging_notifications": {"driver": "noop"},
        "oslo_concurrency": {"lock_path": state.run / "locks"},
    }


def _credentials(settings: Settings, user: str) -> dict[str, object]:
    return {
        "auth_type": "password",
        "auth_url": settings.auth_url,
        "username": user,
        "password": settings.service_password,
        "project_name": "service",
        "user_domain_id": "default",
        "project_domain_id": "default",
    }


def _authtoken(settings: Settings, user: str) -> dict[str, object]:
    return {
        **_credentials(settings, user),
        "www_authenticate_uri": settings.auth_url,
        "service_token_roles": "service",
        "service_token_roles_required": True,
        "token_cache_time": 300,
    }


def _keystone(state: State, settings: Settings) -> Sections:
    sections = _common(state, "keystone")
    sections["DEFAULT"]["public_endpoint"] = settings.url("keystone") + "/"
    keys = state.data / "keys"
    return sections | {
        "token": {"provider": "fernet", "expiration": TOKEN_SECONDS},
        "fernet_tokens": {"key_repository": keys / "fernet"},
        "fernet_receipts": {"key_repository": keys / "receipts"},
        "credential": {"key_repository": keys / "credential"},
        # Passwords here are random: bcrypt's default would only cost a quarter of a second each.
        "identity": {"password_hash_rounds": 4},
        # Coherent, since Keystone is one process.
        "cache": {"enabled": True, "backend": "dogpile.cache.memory"},
    }


def _glance(state: State, settings: Settings) -> Sections:
    sections = _common(state, "glance")
    sections["DEFAULT"] |= {
        "transport_url": settings.transport_url,
        "enabled_backends": "box:file",
        "worker_self_reference_url": settings.url("glance"),
        # The brackets are syntax: without them creating an image answers 500.
        "enabled_import_methods": "[glance-direct,web-download]",
    }
    return sections | {
        "glance_store": {"default_backend": "box"},
        "box": {"filesystem_store_datadir": state.data / "images"},
        "os_glance_staging_store": {"filesystem_store_datadir": state.data / "staging"},
        "os_glance_tasks_store": {"filesystem_store_datadir": state.data / "tasks"},
        "keystone_authtoken": _authtoken(settings, "glance"),
        "paste_deploy": {
            "flavor": "keystone",
            "config_file": state.config / "glance" / "glance-api-paste.ini",
        },
    }


def _glance_import() -> Sections:
    # Glance refuses loopback unless it is listed, and then allows only what is listed.
    return {
        "import_filtering_opts": {
            "allowed_schemes": "[http,https]",
            "allowed_hosts": "[127.0.0.1,localhost]",
            "allowed_ports": "[]",
            "disallowed_ports": "[]",
        }
    }


def _placement(state: State, settings: Settings) -> Sections:
    sections = _common(state, "placement")
    sections["placement_database"] = sections.pop("database")
    del sections["placement_database"]["use_db_reconnect"]
    return sections | {
        "api": {"auth_strategy": "keystone"},
        "keystone_authtoken": _authtoken(settings, "placement"),
    }


def _nova(state: State, settings: Settings) -> Sections:
    sections = _common(state, "nova_cell1")
    api_database = dict(sections["database"], connection=database_url(state, "nova_api"))
    del api_database["use_db_reconnect"]
    sections["DEFAULT"] |= {
        "host": COMPUTE_HOST,
        "my_ip": HOST,
        "state_path": state.data / "nova",
        "instances_path": state.data / "nova" / "instances",
        "rootwrap_config": state.config / "nova" / "rootwrap.conf",
        "transport_url": settings.transport_url,
        "compute_driver": settings.compute_driver,
        "concurrency_backend": "threading",
        # Nobody tells Nova that a port was plugged.
        "vif_plugging_is_fatal": False,
        "vif_plugging_timeout": 0,
        "force_config_drive": True,
        "update_resources_interval": 0,
        "max_concurrent_builds": 10,
        "reserved_host_memory_mb": 0,
        "reserved_host_disk_mb": 0,
        "initial_cpu_allocation_ratio": 16.0,
        "shutdown_timeout": 3,
    }
    return sections | {
        "api_database": api_database,
        "api": {"auth_strategy": "keystone"},
        "keystone_authtoken": _authtoken(settings, "nova"),
        "service_user": {**_credentials(settings, "nova"), "send_service_user_token": True},
        "placement": {**_credentials(settings, "placement"), "region_name": REGION},
        "neutron": {**_credentials(settings, "neutron"), "region_name": REGION},
        "glance": {"api_servers": settings.url("glance")},
        "quota": {"instances": 10, "cores": 20, "ram": 51_200},
        "scheduler": {"discover_hosts_in_cells_interval": -1},
        "filter_scheduler": {"track_instance_changes": False},
        "vnc": {"enabled": False},
    }


def _neutron(state: State, settings: Settings) -> Sections:
    sections = _common(state, "neutron")
    sections["DEFAULT"] |= {
        "state_path": state.data / "neutron",
        "api_paste_config": state.config / "neutron" / "api-paste.ini",
        "auth_strategy": "keystone",
        "transport_url": settings.transport_url,
        "core_plugin": "ml2",
        # Routers and floating IPs as records: no agent forwards anything.
        "service_plugins": "router",
        "enable_traditional_dhcp": False,
        "rpc_workers": 0,
        "rpc_state_report_workers": 0,
        "notify_nova_on_port_status_changes": False,
        "notify_nova_on_port_data_changes": False,
    }
    return sections | {
        "keystone_authtoken": _authtoken(settings, "neutron"),
        "quotas": {"quota_port": 500, "quota_network": 100, "quota_floatingip": 100},
    }


def _ml2() -> Sections:
    return {
        "ml2": {
            "type_drivers": "local,flat",
            "tenant_network_types": "local",
            "mechanism_drivers": "slices_loopback",
            "extension_drivers": "port_security",
        },
        "ml2_type_flat": {"flat_networks": "*"},
    }
