"""The stack's own small API on a port of its own: run a schedule by hand, see what runs.

`POST /schedules/{name}/run` answers what the schedule's function returned; `GET /` the stack;
`GET /cloud` what this infrastructure has in the cloud, as the cloud says. Nothing here needs a
token: it listens on loopback only, and can do no more than time does.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

from infra.local.issuer.server import bind_loopback

_RUN = re.compile(r"/schedules/(\w+)/run/?")
_SOCKET_SECONDS = 10


class Schedules(Protocol):
    """What can be run by hand."""

    @property
    def names(self) -> tuple[str, ...]:
        """The schedules."""

    def run(self, name: str) -> Any:
        """Run one now and return its result."""


class AdminServer:
    """Serves the admin API from a thread of its own."""

    def __init__(
        self,
        port: int,
        schedules: Schedules,
        describe: Callable[[], dict[str, Any]],
        describe_cloud: Callable[[], dict[str, Any]],
    ) -> None:
        """Bind.

        Raises:
            OSError: the port is taken.
        """
        attributes = {
            "schedules": schedules,
            "pages": {"/": describe, "/cloud": describe_cloud},
        }
        self._server = bind_loopback(port, type("Handler", (_Handler,), attributes))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="admin", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and give the port back."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    schedules: Schedules
    pages: dict[str, Callable[[], dict[str, Any]]]
    timeout = _SOCKET_SECONDS

    def do_GET(self) -> None:
        page = self.pages.get(self.path)
        if page is None:
            self._answer(HTTPStatus.NOT_FOUND, {"error": f"known: {', '.join(self.pages)}"})
        else:
            self._answer_with(page)

    def do_POST(self) -> None:
        match = _RUN.fullmatch(self.path)
        if match is None or match.group(1) not in self.schedules.names:
            known = ", ".join(self.schedules.names)
            self._answer(HTTPStatus.NOT_FOUND, {"error": f"no such schedule; known: {known}"})
            return
        name = match.group(1)
        self._answer_with(lambda: {"schedule": name, "result": self.schedules.run(name)})

    def _answer_with(self, work: Callable[[], dict[str, Any]]) -> None:
        try:
            document = work()
        except Exception as error:  # noqa: BLE001  whatever a function raises is its answer
            failure = {"error": str(error), "type": type(error).__name__}
            self._answer(HTTPStatus.BAD_GATEWAY, failure)
            return
        self._answer(HTTPStatus.OK, document)

    def _answer(self, status: HTTPStatus, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- inherited name
        """Stay quiet: the stack's own log shows what matters."""
