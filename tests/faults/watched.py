"""The ports with a watch on every effect that goes through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from chalicelib.services.backend import Backend
from tests.faults.effects import Effect, Watch, name_of_change


def watched_backend(backend: Backend, watch: Watch) -> Backend:
    return replace(
        backend,
        resources=WatchedStore(backend.resources, watch),
        tasks=WatchedStore(backend.tasks, watch),
        claims=WatchedClaims(backend.claims, watch),
        workflows=WatchedWorkflows(backend.workflows, watch),
    )


class _Watched:
    """Passes everything on that is no effect."""

    def __init__(self, inner: Any, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @contextmanager
    def _effect(self, name: str, *ids: str) -> Iterator[None]:
        effect = Effect(name, ids)
        self._watch.before(effect)
        yield
        self._watch.after(effect)


class WatchedStore(_Watched):
    """Resources or tasks."""

    def add(self, item: Any) -> bool:
        ids = (item.id, item.experiment_id, *getattr(item, "resource_ids", ()))
        with self._effect(f"{type(item).__name__.lower()} added", *ids):
            is_new = bool(self._inner.add(item))
            if is_new:
                self._watch.wrote(item)
        return is_new

    def change(self, identifier: str, how: Callable[[Any], Any]) -> Any:
        effects: list[Effect] = []

        def watched(current: Any) -> Any:
            new = how(current)
            found = [Effect(name_of_change(current, new), (identifier,))] if new != current else []
            # A compare-and-swap that is tried again is still the same effect.
            if found and found != effects:
                self._watch.before(found[0])
            effects[:] = found
            return new

        state = self._inner.change(identifier, watched)
        self._watch.wrote(state)
        for effect in effects:
            self._watch.after(effect)
        return state


class WatchedClaims(_Watched):
    """Names, quota, orphans."""

    def hold_name(self, experiment_id: str, friendly_name: str, resource_id: str) -> bool:
        with self._effect("name held", resource_id, experiment_id):
            return bool(self._inner.hold_name(experiment_id, friendly_name, resource_id))

    def free_name(self, experiment_id: str, friendly_name: str, resource_id: str) -> None:
        with self._effect("name freed", resource_id):
            self._inner.free_name(experiment_id, friendly_name, resource_id)

    def reserve_quota(self, project_id: str, amounts: Mapping[str, Any], limit: Any) -> bool:
        with self._effect("quota reserved", *amounts):
            return bool(self._inner.reserve_quota(project_id, amounts, limit))

    def free_quota(self, project_id: str, resource_id: str) -> None:
        with self._effect("quota freed", resource_id):
            self._inner.free_quota(project_id, resource_id)

    def first_seen_orphan(self, cloud_id: str, now: Any) -> Any:
        with self._effect("orphan seen", cloud_id):
            return self._inner.first_seen_orphan(cloud_id, now)


class WatchedWorkflows(_Watched):
    """Step Functions."""

    def start(self, workflow: str, name: str, payload: Mapping[str, Any]) -> None:
        with self._effect(f"{workflow} started", payload["task_id"]):
            self._inner.start(workflow, name, payload)


class WatchedCompute(_Watched):
    """The cloud's changing calls. `created_servers` counts those of each resource."""

    def __init__(self, inner: Any, watch: Watch) -> None:
        super().__init__(inner, watch)
        self.created_servers: dict[str, list[str]] = {}

    def create_server(self, spec: Any) -> Any:
        with self._effect("server created", spec.resource_id):
            server = self._inner.create_server(spec)
            self.created_servers.setdefault(spec.resource_id, []).append(server.id)
            # So that later effects on the server are known to be the resource's.
            self._know(spec.resource_id, server.id)
        return server

    def delete_server(self, server_id: str) -> None:
        with self._effect("server deleted", server_id):
            self._inner.delete_server(server_id)

    def reboot_server(self, server_id: str) -> None:
        with self._effect("server rebooted", server_id):
            self._inner.reboot_server(server_id)

    def create_port(self, resource_id: str, network_ref: str, index: int) -> Any:
        with self._effect(f"port {index} created", resource_id):
            return self._inner.create_port(resource_id, network_ref, index)

    def delete_port(self, port_id: str) -> None:
        with self._effect("port deleted", port_id):
            self._inner.delete_port(port_id)

    def create_floating_ip(self, resource_id: str, port_id: str) -> Any:
        with self._effect("floating ip created", resource_id):
            return self._inner.create_floating_ip(resource_id, port_id)

    def delete_floating_ip(self, floating_ip_id: str) -> None:
        with self._effect("floating ip deleted", floating_ip_id):
            self._inner.delete_floating_ip(floating_ip_id)

    def find_servers(self, resource_id: str) -> Any:
        return self._known(self._inner.find_servers(resource_id))

    def find_ports(self, resource_id: str) -> Any:
        return self._known(self._inner.find_ports(resource_id))

    def find_floating_ips(self, resource_id: str) -> Any:
        return self._known(self._inner.find_floating_ips(resource_id))

    def all_servers(self) -> Any:
        return iter(self._known(tuple(self._inner.all_servers())))

    def all_ports(self) -> Any:
        return iter(self._known(tuple(self._inner.all_ports())))

    def all_floating_ips(self) -> Any:
        return iter(self._known(tuple(self._inner.all_floating_ips())))

    def _known(self, found: Any) -> Any:
        for one in found:
            if one.resource_id is not None:
                self._know(one.resource_id, one.id)
        return found

    def _know(self, resource_id: str, cloud_id: str) -> None:
        self._watch.belongs(cloud_id, resource_id)


class WatchedAgent(_Watched):
    """The changing calls of one site's QKD agent."""

    def __init__(self, name: str, inner: Any, watch: Watch) -> None:
        super().__init__(inner, watch)
        self._name = name

    def reserve(self, reservation: Any) -> None:
        with self._effect(f"reserve at {self._name}", reservation.application_id):
            self._inner.reserve(reservation)

    def release(self, application_id: str) -> None:
        with self._effect(f"release at {self._name}", application_id):
            self._inner.release(application_id)

    def admit(self, sae_id: str, command_id: str) -> str:
        with self._effect(f"admit at {self._name}", sae_id):
            return str(self._inner.admit(sae_id, command_id))

    def revoke(self, sae_id: str) -> None:
        with self._effect(f"revoke at {self._name}", sae_id):
            self._inner.revoke(sae_id)
