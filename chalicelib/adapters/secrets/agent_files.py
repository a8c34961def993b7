"""The client certificate for the QKD agents, from a secret; a renewed one is found by itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chalicelib.adapters.secrets.files import remove, write_private
from chalicelib.adapters.secrets.store import SecretMalformed, SecretUnreadable, read_secret
from chalicelib.config_qkd import QKDFiles
from chalicelib.domain.errors import SiteUnreachable

logger = logging.getLogger(__name__)

MEMBERS = ("ca_pem", "certificate_pem", "key_pem")
# How long a renewed certificate may stay unseen. Renew at least that long before the old one ends.
MAX_AGE_SECONDS = 300.0


class AgentFiles:
    """Gives the files of the secret as it was at most five minutes ago."""

    def __init__(
        self,
        secret_id: str,
        *,
        client: Any = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secret_id, self._client, self._clock = secret_id, client, clock
        self._lock = threading.Lock()
        self._content: Mapping[str, str] | None = None
        self._directory: Path | None = None
        self._read_at = 0.0

    def __call__(self) -> QKDFiles:
        """Return the files.

        Raises:
            SiteUnreachable: the secret was never read, and cannot be.
        """
        with self._lock:
            if self._directory is None or self._clock() - self._read_at >= MAX_AGE_SECONDS:
                self._directory = self._renewed()
            return QKDFiles(*(str(self._directory / name) for name in MEMBERS))

    def _renewed(self) -> Path:
        try:
            content = read_secret(self._secret_id, MEMBERS, client=self._client)
        except (SecretUnreadable, SecretMalformed) as error:
            if self._directory is None:
                raise SiteUnreachable(f"No certificate for the QKD agents: {error}.") from error
            logger.warning("the agents' certificate stays as it was: %s", error)
            self._read_at = self._clock()
            return self._directory
        self._read_at = self._clock()
        if self._directory is not None:
            if content == self._content:
                return self._directory
            remove(self._directory)
        self._content = content
        return write_private(content)
