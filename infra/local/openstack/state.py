"""Where one control plane keeps its files, and the settings that its databases depend on.

Imported by both sides: the command in the application's environment and the supervisor in the
servers' environment. Standard library only.
"""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
DEFAULT_STATE = REPOSITORY / ".state" / "openstack"
DEFAULT_BASE_PORT = 21000
HOST = "127.0.0.1"
REGION = "RegionOne"

# The services in order; each listens on the base port plus its position.
SERVICES = ("keystone", "glance", "placement", "nova", "neutron")

# Raise it when seeding or configuration changes so much that old databases no longer fit.
FORMAT = 1


class StateError(Exception):
    """The state directory cannot be used as asked; the message says what to do."""


@dataclass(frozen=True)
class State:
    """The directory of one control plane and the names inside it."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """The stamp: settings stored in the databases, and passwords. Mode 0600."""
        return self.root / "settings.json"

    @property
    def clouds_file(self) -> Path:
        """The file to name in OS_CLIENT_CONFIG_FILE. Mode 0600."""
        return self.root / "clouds.yaml"

    @property
    def data(self) -> Path:
        """Everything that a reset replaces: databases, keys, images, Nova's identity."""
        return self.root / "data"

    @property
    def databases(self) -> Path:
        """The SQLite files."""
        return self.data / "databases"

    @property
    def pristine(self) -> Path:
        """A copy of the data as it was right after seeding; absent until seeding succeeded."""
        return self.root / "pristine"

    @property
    def config(self) -> Path:
        """Configuration files, one directory for each service; written at every start."""
        return self.root / "etc"

    @property
    def logs(self) -> Path:
        """One log for each process; the last start only."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Files that live as long as the processes: pid, gate, ready, failure."""
        return self.root / "run"

    @property
    def guests(self) -> Path:
        """Where the simulated guests keep what is in /etc of real ones."""
        return self.root / "guests"

    @property
    def pid_file(self) -> Path:
        """The supervisor's process id."""
        return self.run / "supervisor.pid"

    @property
    def ready_file(self) -> Path:
        """Written once every service answers and the content is there."""
        return self.run / "ready"

    @property
    def gate_file(self) -> Path:
        """Written once Nova's services find Keystone, the catalog and Placement."""
        return self.run / "gate"

    @property
    def nova_ready_file(self) -> Path:
        """Written once Nova's services run and the compute host is mapped."""
        return self.run / "nova-ready"

    @property
    def failure_file(self) -> Path:
        """What the supervisor died of, as JSON: message and log."""
        return self.run / "failure.json"

    @property
    def lock_file(self) -> Path:
        """Held by the command while it changes anything; outside of all that is replaced."""
        return self.root / "lock"

    def log(self, name: str) -> Path:
        """Return the log of a process."""
        return self.logs / f"{name}.log"

    def database(self, name: str) -> Path:
        """Return the SQLite file of a database."""
        return self.databases / f"{name}.sqlite"


@dataclass(frozen=True)
class Settings:
    """What the databases contain beside content: changing any of it needs a new state."""

    format: int
    root: str
    base_port: int
    compute_driver: str
    transport_url: str
    admin_password: str
    service_password: str
    tenant_password: str

    def port(self, service: str) -> int:
        """Return the TCP port of a service."""
        return self.base_port + SERVICES.index(service)

    def url(self, service: str) -> str:
        """Return the root URL of a service, without a trailing slash."""
        return f"http://{HOST}:{self.port(service)}"

    @property
    def auth_url(self) -> str:
        """Keystone's URL with its version."""
        return self.url("keystone") + "/v3"


def load_settings(state: State) -> Settings | None:
    """Return the settings of a state, or None if it was never started.

    Raises:
        StateError: The state was made by another version, or has been moved.
    """
    if not state.settings_file.exists():
        return None
    stored = json.loads(state.settings_file.read_text())
    if stored.get("format") != FORMAT:
        raise StateError(f"{state.root} was made by another version of this program: {_PURGE}")
    settings = Settings(**stored)
    if settings.root != str(state.root):
        raise StateError(f"{state.root} was moved from {settings.root}: {_PURGE}")
    return settings


def ensure_settings(state: State, base_port: int | None) -> Settings:
    """Return the settings of a state, making them at its first start.

    Args:
        state: The state.
        base_port: The wanted base port, or None for whatever the state has.

    Raises:
        StateError: The state has another base port, which is stored in its databases.
    """
    settings = load_settings(state)
    if settings is None:
        settings = _new_settings(state, base_port or DEFAULT_BASE_PORT)
        state.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(state.settings_file, json.dumps(asdict(settings), indent=2) + "\n")
    elif base_port not in {None, settings.base_port}:
        raise StateError(
            f"{state.root} holds a cloud on base port {settings.base_port}, "
            f"not {base_port}: {_PURGE}"
        )
    return settings


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, atomically."""
    draft = path.with_name(f".{path.name}.new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


_PURGE = "run `python -m infra.local.openstack purge` (same --state) and start again"


def _new_settings(state: State, base_port: int) -> Settings:
    return Settings(
        format=FORMAT,
        root=str(state.root),
        base_port=base_port,
        compute_driver="slices_loopback.LoopbackDriver",
        transport_url="fake:///",
        admin_password=secrets.token_urlsafe(16),
        service_password=secrets.token_urlsafe(16),
        tenant_password=secrets.token_urlsafe(16),
    )
