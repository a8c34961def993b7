"""Create the databases and keys, each project by its own management functions.

Every function runs in a process of its own: each project has one global configuration. They call
the functions behind the projects' commands, because starting eleven commands would take longer
than all their work.
"""

import os
import sys
from collections.abc import Callable, Sequence

from infra.local.openstack.state import REGION, Settings, State

from .config_files import database_url
from .eventlet_ban import lift_ban

Creator = Callable[[State, Settings], None]


def create_keystone(state: State, settings: Settings) -> None:
    """Create Keystone's tables and keys, its first user and its own endpoints."""
    from keystone.cmd import cli

    config = ["--config-file", str(state.config / "keystone" / "keystone.conf")]
    owner = ["--keystone-user", str(os.getuid()), "--keystone-group", str(os.getgid())]
    os.environ["OS_BOOTSTRAP_PASSWORD"] = settings.admin_password
    endpoints = [
        word
        for interface in ("admin", "internal", "public")
        for word in (f"--bootstrap-{interface}-url", settings.auth_url)
    ]
    for command in (
        ["db_sync"],
        ["fernet_setup", *owner],
        ["receipt_setup", *owner],
        ["credential_setup", *owner],
        ["bootstrap", *endpoints, "--bootstrap-region-id", REGION],
    ):
        _tolerate_exit(
            lambda arguments: cli.main(argv=arguments), ["keystone-manage", *config, *command]
        )
        cli.CONF.reset()


def create_glance(state: State, _settings: Settings) -> None:
    """Create Glance's tables."""
    from glance.cmd import manage

    config = str(state.config / "glance" / "glance-api.conf")
    sys.argv = ["glance-manage", "--config-file", config, "db_sync"]
    _tolerate_exit(lambda _: manage.main(), sys.argv)


def create_placement(state: State, _settings: Settings) -> None:
    """Create Placement's tables."""
    from placement.cmd import manage

    config = str(state.config / "placement" / "placement.conf")
    sys.argv = ["placement-manage", "--config-file", config, "db", "sync"]
    _tolerate_exit(lambda _: manage.main(), sys.argv)


def create_neutron(state: State, _settings: Settings) -> None:
    """Create Neutron's tables from its models: its migrations cannot run on SQLite."""
    lift_ban()
    import sqlalchemy
    from neutron.db.migration.models import head

    engine = sqlalchemy.create_engine(database_url(state, "neutron"))
    head.get_metadata().create_all(engine)
    engine.dispose()


def create_nova(state: State, _settings: Settings) -> None:
    """Create the tables of Nova's three databases, and its two cells."""
    from nova import config, objects
    from nova.cmd import manage

    config.parse_args(["nova-manage", "--config-file", str(state.config / "nova" / "nova.conf")])
    objects.register_all()
    _expect_success("api_db sync", manage.ApiDbCommands().sync())
    cells = manage.CellV2Commands()
    _expect_success("map_cell0", cells.map_cell0(database_url(state, "nova_cell0")))
    _expect_success("create_cell", cells.create_cell(name="cell1"))
    _expect_success("db sync", manage.DbCommands().sync())


CREATORS: dict[str, Creator] = {
    # The slowest first.
    "nova": create_nova,
    "keystone": create_keystone,
    "neutron": create_neutron,
    "glance": create_glance,
    "placement": create_placement,
}


def _tolerate_exit(command: Callable[[Sequence[str]], object], arguments: Sequence[str]) -> None:
    """Run a management command that may end with an exit of status 0."""
    try:
        result = command(arguments)
    except SystemExit as end:
        result = end.code
    _expect_success(arguments[-1], result)


def _expect_success(command: str, result: object) -> None:
    if result:
        raise RuntimeError(f"{command} failed: {result}")
