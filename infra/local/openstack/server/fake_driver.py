"""The hypervisor: Nova's fake one, with guests, steered by each server's own metadata.

Metadata that tests can set when they create a server:

- `fake_spawn_seconds`, `fake_destroy_seconds`: how long that takes.
- `fake_spawn_error`: `abort` fails the build at once, `deploy` is a failure that Nova would retry
  on another host.
- `fake_destroy_error_once`: any value makes the first delete fail. Only the first one: metadata of
  a server in ERROR cannot be changed, so nobody could ever delete it.
"""

import base64
import time
from typing import Any

from nova import context as nova_context
from nova import exception, objects
from nova.compute import power_state
from nova.virt import fake

from . import guests


class LoopbackDriver(fake.FakeDriverWithoutFakeNodes):
    """One ample host, without any machine on it."""

    vcpus = 256
    memory_mb = 1024 * 1024
    local_gb = 20_000

    def __init__(self, virtapi: Any, read_only: bool = False) -> None:  # noqa: FBT001, FBT002 - Nova's
        super().__init__(virtapi, read_only)
        self._failed_destroys: set[str] = set()

    def init_host(self, host: str) -> None:
        """Take up the instances of the database, as a real hypervisor would have kept them."""
        super().init_host(host)
        context = nova_context.get_admin_context()
        for instance in objects.InstanceList.get_by_host(context, host, expected_attrs=["flavor"]):
            self._remember(instance)

    def spawn(self, context: Any, instance: Any, *arguments: Any, **options: Any) -> None:
        """Start a server and boot its guest; obey the server's metadata.

        Raises:
            nova.exception.BuildAbortException: Asked for by `fake_spawn_error=abort`.
            nova.exception.InstanceDeployFailure: Asked for by `fake_spawn_error=deploy`.
        """
        _delay(instance, "fake_spawn_seconds")
        match instance.metadata.get("fake_spawn_error"):
            case "abort":
                raise exception.BuildAbortException(
                    instance_uuid=instance.uuid, reason="asked for by fake_spawn_error"
                )
            case "deploy":
                raise exception.InstanceDeployFailure(reason="asked for by fake_spawn_error")
        super().spawn(context, instance, *arguments, **options)
        if _has_cloud_init(instance):
            guests.boot(_user_data(instance), instance.hostname)

    def destroy(self, context: Any, instance: Any, *arguments: Any, **options: Any) -> None:
        """Remove a server; obey its metadata.

        Raises:
            nova.exception.InstanceTerminationFailure: Asked for by `fake_destroy_error_once`.
        """
        _delay(instance, "fake_destroy_seconds")
        wants_error = "fake_destroy_error_once" in instance.metadata
        if wants_error and instance.uuid not in self._failed_destroys:
            self._failed_destroys.add(instance.uuid)
            raise exception.InstanceTerminationFailure(
                reason="asked for by fake_destroy_error_once"
            )
        super().destroy(context, instance, *arguments, **options)
        self._failed_destroys.discard(instance.uuid)

    def get_console_output(self, context: Any, instance: Any) -> str:  # noqa: ARG002 - Nova's signature
        """Return what a guest would print: its name and its user data, to see them arrive."""
        user_data = _user_data(instance).decode(errors="replace")
        return f"{instance.hostname} login:\n--- user data ---\n{user_data}\n--- end ---\n"

    def _remember(self, instance: Any) -> None:
        shut_off = instance.power_state == power_state.SHUTDOWN
        state = power_state.SHUTDOWN if shut_off else power_state.RUNNING
        self.instances[instance.uuid] = fake.FakeInstance(instance.name, state, instance.uuid)
        self.resources.claim(
            vcpus=instance.flavor.vcpus,
            mem=instance.flavor.memory_mb,
            disk=instance.flavor.root_gb,
        )


def _delay(instance: Any, key: str) -> None:
    seconds = float(instance.metadata.get(key, 0))
    if seconds > 0:
        time.sleep(seconds)


def _user_data(instance: Any) -> bytes:
    return base64.b64decode(instance.user_data or b"")


def _has_cloud_init(instance: Any) -> bool:
    """Return whether the server's disk image claims to run cloud-init; it does by default."""
    return str(instance.system_metadata.get("image_slices_cloud_init", "true")) != "false"
