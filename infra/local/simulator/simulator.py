"""The simulator as one object: start it, point openstacksdk at it, break it, look inside."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from infra.local import guest
from infra.local.simulator import access, nova_views, seed
from infra.local.simulator.admin import FaultsApi, ReportApi
from infra.local.simulator.app import App
from infra.local.simulator.faults import Faults
from infra.local.simulator.glance import Glance
from infra.local.simulator.keystone import Account, Keystone
from infra.local.simulator.neutron import Neutron
from infra.local.simulator.neutron_views import floating_ip_view, port_view
from infra.local.simulator.nova import Nova
from infra.local.simulator.nova_lifecycle import Lifecycle
from infra.local.simulator.server import Endpoint, RecordedRequest
from infra.local.simulator.state import Cloud, DiskImage, Network, Server, timestamp
from infra.local.simulator.timings import Timings

_POLL_SECONDS = 0.03
_DISK_IMAGE_FIELDS = frozenset({
    "name", "size_bytes", "min_ram_mib", "min_disk_gib", "visibility", "status", "is_protected",
    "properties", "tags",
})  # fmt: skip


class Snapshot(NamedTuple):
    """What is left in the cloud: one presented record per item; all empty means clean."""

    servers: list[dict[str, Any]]
    ports: list[dict[str, Any]]
    floating_ips: list[dict[str, Any]]


class Simulator:
    """A small OpenStack cloud on one loopback port.

    Attributes:
        account: The tenant ``slices``: user, project, password and application credential.
        faults: The rules that break things, see ``Fault``.

    Args:
        port: The port to listen on; 0 takes any free one.
        boot_seconds: From an accepted creation to ACTIVE.
        phone_home: Whether guests run the phone-home part of their user data.
        token_seconds: How long tokens are good.
        timings: All durations, instead of ``boot_seconds`` alone.
    """

    def __init__(
        self,
        port: int = 0,
        boot_seconds: float = 1.0,
        *,
        phone_home: bool = True,
        token_seconds: float = 86_400.0,
        timings: Timings | None = None,
    ) -> None:
        self.account = Account("slices", "slices")
        self.faults = Faults()
        self._cloud = Cloud()
        self._timings = timings or Timings(boot=boot_seconds)
        self._phone_home = phone_home
        self._timers: list[threading.Timer] = []
        self._keystone = Keystone(token_seconds)
        self._keystone.add_account(self.account)
        seed.fill(self._cloud)
        self._endpoint = Endpoint(port, self._app(), self.faults)
        self._thread = threading.Thread(
            target=self._endpoint.serve_forever,
            args=(_POLL_SECONDS,),
            name="openstack-simulator",
            daemon=True,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Serve in a thread of its own; on return the simulator answers."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and end all connections; guests that run already run to their end."""
        for timer in self._timers:
            timer.cancel()
        self._endpoint.shutdown()
        self._endpoint.end_connections()
        self._endpoint.server_close()
        self._thread.join()

    @property
    def origin(self) -> str:
        """The start of every URL: scheme, address and port."""
        return self._endpoint.origin

    @property
    def auth_url(self) -> str:
        """Keystone's URL for clients, with its version."""
        return f"{self.origin}/identity/v3"

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request so far, in the order of their answers; the admin API's own excepted."""
        return list(self._endpoint.journal)

    def clouds_yaml(self, path: Path | str) -> Path:
        """Write clouds.yaml, readable by its owner only.

        It holds the clouds ``slices`` (password) and ``slices-app`` (application credential).
        """
        target = Path(path)
        access.write_clouds_yaml(target, self.account, self.auth_url)
        return target

    def add_account(self, user_name: str, project_name: str) -> Account:
        """Let another tenant in; it sees the shared networks and public disk images only."""
        with self._cloud.lock:
            return self._keystone.add_account(Account(user_name, project_name))

    def expire_tokens(self) -> None:
        """End every token, so that each client's next call answers 401."""
        with self._cloud.lock:
            self._keystone.expire_tokens()

    def set_quota(self, **limits: int) -> None:
        """Set limits of every project: instances, cores, ram, ports, floating_ips."""
        with self._cloud.lock:
            for name, limit in limits.items():
                setattr(self._cloud.quota, name, limit)

    def add_disk_image(
        self,
        name: str,
        *,
        size_bytes: int = 24_576,
        min_ram_mib: int = 0,
        min_disk_gib: int = 0,
        properties: dict[str, str] | None = None,
    ) -> DiskImage:
        """Publish a disk image, as the cloud's administrator would."""
        with self._cloud.lock:
            return seed.add_disk_image(
                self._cloud,
                name,
                size_bytes=size_bytes,
                min_ram_mib=min_ram_mib,
                min_disk_gib=min_disk_gib,
                properties=properties,
            )

    def update_disk_image(self, disk_image_id: str, **changes: Any) -> None:
        """Change fields of a disk image, named as in ``DiskImage``.

        Raises:
            KeyError: There is no such disk image.
            ValueError: A field does not exist or is not to be changed.
        """
        unknown = set(changes) - _DISK_IMAGE_FIELDS
        if unknown:
            raise ValueError(f"cannot change {', '.join(sorted(unknown))}")
        with self._cloud.lock:
            disk_image = self._cloud.disk_images[disk_image_id]
            for name, value in changes.items():
                setattr(disk_image, name, value)
            disk_image.updated_at = timestamp()

    def delete_disk_image(self, disk_image_id: str) -> None:
        """Take a disk image from the catalog; servers made from it live on.

        Raises:
            KeyError: There is no such disk image.
        """
        with self._cloud.lock:
            del self._cloud.disk_images[disk_image_id]

    def add_network(self, name: str, cidr: str, *, is_external: bool = False) -> Network:
        """Add a shared, or an external, network with one subnet."""
        with self._cloud.lock:
            return seed.add_network(
                self._cloud, name, cidr, is_shared=not is_external, is_external=is_external
            )

    def snapshot(self) -> Snapshot:
        """Present every live server, port and floating IP of all projects."""
        with self._cloud.lock:
            self._cloud.agenda.run_due()
            return Snapshot(
                [
                    nova_views.server_view(self._cloud, one, self.origin)
                    for one in self._cloud.servers.values()
                    if one.vm_state != "deleted"
                ],
                [port_view(one) for one in self._cloud.ports.values()],
                [floating_ip_view(self._cloud, one) for one in self._cloud.floating_ips.values()],
            )

    def _app(self) -> App:
        on_accepted = self._alarm if self._phone_home else _ignore
        on_active = self._boot if self._phone_home else _ignore
        lifecycle = Lifecycle(self._cloud, self._timings, on_accepted, on_active)
        services = (
            self._keystone,
            Nova(self._cloud, lifecycle, self.faults),
            Neutron(self._cloud),
            Glance(self._cloud),
            FaultsApi(self.faults),
            ReportApi("/snapshot", lambda: self.snapshot()._asdict()),
            ReportApi("/requests", lambda: {"requests": [r._asdict() for r in self.requests]}),
        )
        return App(self._cloud, self._keystone, services)

    def _run_due(self) -> None:
        with self._cloud.lock:
            self._cloud.agenda.run_due()

    def _alarm(self, server: Server) -> None:
        """Look at the clock when a server with user data gets ACTIVE, even if no client does."""
        if server.user_data is None:
            return
        timer = threading.Timer(self._timings.boot, self._run_due)
        timer.daemon = True
        self._timers = [one for one in self._timers if one.is_alive()] + [timer]
        timer.start()

    @staticmethod
    def _boot(server: Server) -> None:
        if server.user_data is not None:
            threading.Thread(
                target=guest.boot,
                args=(server.user_data, server.hostname),
                name=f"guest-{server.server_id}",
                daemon=True,
            ).start()


def _ignore(server: Server) -> None:
    """Do nothing: without phone-home no guest runs."""
    del server
