"""The connection to the cloud: made when first used, kept while it works.

The cloud is one named in clouds.yaml, or what a secret says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.adapters.openstack.cloud import Cloud
from chalicelib.adapters.openstack.faults import SDK_ERRORS, domain_error
from chalicelib.adapters.openstack.sdk import OpenStackConfig
from chalicelib.adapters.openstack.transport import QuietSession, one_call
from chalicelib.domain.errors import CloudError, CloudRefused

_APP_NAME = "slices-bi"
_APP_VERSION = "1"


class CloudConnection:
    """Gives out the cloud for one call at a time; safe to share between threads."""

    def __init__(
        self,
        cloud: str | Callable[[], dict[str, Any]],
        *,
        request_seconds: float = 10.0,
        call_seconds: float = 25.0,
    ) -> None:
        self._cloud = cloud
        self._request_seconds = request_seconds
        self._call_seconds = call_seconds
        self._lock = threading.Lock()
        self._opened: Cloud | None = None

    @contextmanager
    def call(self, *, is_repeatable: bool = True) -> Iterator[Cloud]:
        """Open the time window of one call and turn every failure in it into a domain error.

        Args:
            is_repeatable: Whether sending the call again does no harm, though its first answer was
                lost: then that is CloudUnreachable, not CloudOutcomeUnknown.

        Raises:
            CloudError: CloudUnreachable, CloudOutcomeUnknown, CloudCredentialsRefused or
                CloudRefused, as services.ports.Compute promises.
        """
        with one_call(self._request_seconds, self._call_seconds) as call:
            try:
                yield self._connected()
            except CloudRefused:
                raise
            except CloudError:
                self._forget()
                raise
            except SDK_ERRORS as error:
                failure = domain_error(error, call, is_repeatable=is_repeatable)
                if not isinstance(failure, CloudRefused):
                    self._forget()
                # Without the cause: its text may quote the user data that was refused.
                raise failure from None

    def _connected(self) -> Cloud:
        with self._lock:
            if self._opened is None:
                self._opened = self._connect()
            return self._opened

    def _forget(self) -> None:
        """Start anew next time: the SDK keeps failed discoveries, and passwords can change."""
        with self._lock:
            self._opened = None

    def _connect(self) -> Cloud:
        is_named = isinstance(self._cloud, str)
        config = OpenStackConfig(
            app_name=_APP_NAME,
            app_version=_APP_VERSION,
            session_constructor=QuietSession,
            # What a secret says is all: neither files nor OS_* variables may add to it.
            load_yaml_config=is_named,
            load_envvars=is_named,
        )
        options = {"cloud": self._cloud} if isinstance(self._cloud, str) else self._cloud()
        return Cloud(config.get_one(**options))
