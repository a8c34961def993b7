"""API Gateway in front of the deployed function: HTTP in, proxy event out, by its routes."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_LOOPBACK = "127.0.0.1"
Call = Callable[[dict[str, Any]], tuple[Any, bool]]


def route_of(path: str, routes: Iterable[str]) -> tuple[str, dict[str, str]] | None:
    """Return the route that fits a path, literal segments first, and its path parameters."""
    segments = path.strip("/").split("/")
    fitting = []
    for route in routes:
        wanted = route.strip("/").split("/")
        if len(wanted) == len(segments):
            pairs = list(zip(wanted, segments, strict=True))
            if all(want == got or want.startswith("{") for want, got in pairs):
                found = {want.strip("{}"): got for want, got in pairs if want.startswith("{")}
                fitting.append((len(found), route, found))
    if not fitting:
        return None
    _, route, parameters = min(fitting, key=lambda one: one[0])
    return route, parameters


def proxy_event(
    method: str, target: str, headers: dict[str, str], body: bytes, routes: Iterable[str]
) -> dict[str, Any] | None:
    """Return the event of a request (Lambda proxy, version 1.0); None: there is no such route."""
    parts = urlsplit(target)
    found = route_of(parts.path, routes)
    if found is None:
        return None
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    context = {
        "resourcePath": found[0],
        "httpMethod": method,
        "path": parts.path,
        "stage": "api",
        "requestId": "rehearsal",
        "identity": {"sourceIp": _LOOPBACK},
    }
    return {
        "resource": found[0],
        "path": parts.path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": found[1] or None,
        "stageVariables": None,
        "requestContext": context,
        "body": body.decode() if body else None,
        "isBase64Encoded": False,
    }


@contextmanager
def gateway() -> Iterator[tuple[str, Callable[[Call, list[str]], None]]]:
    """Yield a loopback URL, and what connects it with a function and its routes."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60
        call: Call
        routes: list[str]

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            event = proxy_event(self.command, self.path, dict(self.headers), body, self.routes)
            if event is None:
                self._send(403, {}, b'{"message":"Missing Authentication Token"}')
                return
            answer, is_error = type(self).call(event)
            if is_error:
                self._send(502, {}, b'{"message":"Internal server error"}')
                return
            text = answer["body"]
            content = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
            self._send(answer["statusCode"], answer.get("headers") or {}, content)

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _answer  # noqa: N815 -- http.server's

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() != "content-length":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- inherited
            """Say nothing."""

    def connect(call: Call, routes: list[str]) -> None:
        Handler.call, Handler.routes = staticmethod(call), routes

    server = ThreadingHTTPServer((_LOOPBACK, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{_LOOPBACK}:{server.server_port}", connect
    finally:
        server.shutdown()
        server.server_close()
