"""The page from a static host, with the API behind the same address, as CloudFront does it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
from playwright.sync_api import expect

from chalicelib import bootstrap
from chalicelib.api.web_page import page_policy, site_files
from tests.e2e.user import User

OF_THE_API = {"/ui/config.json", "/ui/caller"}
# Headers that belong to one connection, or that the server below writes itself.
OWN = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}


class Host(ThreadingHTTPServer):
    """Files below /ui but for what is the API's, and the API for all else."""

    daemon_threads = True

    def __init__(self, api_url: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.api_url = api_url
        self.http = urllib3.PoolManager(retries=False, timeout=40, maxsize=20)
        self.files = {f"/{file.key}": file for file in site_files()}
        self.policy = page_policy(bootstrap.settings())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Host

    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""

    def _serve(self) -> None:
        path = urlsplit(self.path).path
        if path in OF_THE_API or not path.startswith("/ui"):
            self._pass_on()
            return
        file = self.server.files.get("/ui/index.html" if path == "/ui" else path)
        if file is None:
            self.send_error(404)
            return
        headers = {
            "Content-Type": file.media_type,
            "Cache-Control": file.cache_control,
            "Content-Security-Policy": self.server.policy,
            "X-Content-Type-Options": "nosniff",
        }
        self._answer(200, headers, file.text.encode())

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {k: v for k, v in self.headers.items() if k.lower() not in {*OWN, "host"}}
        url = self.server.api_url + self.path
        answer = self.server.http.request(self.command, url, body=body or None, headers=headers)
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in OWN}
        self._answer(answer.status, kept, answer.data)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 -- http.server finds them by these names


@pytest.fixture
def host(stack) -> Iterator[Host]:
    with Host(stack.addresses.api_url) as host:
        thread = threading.Thread(target=host.serve_forever, args=(0.1,))
        thread.start()
        yield host
        host.shutdown()
        thread.join()


def test_the_files_need_nothing_but_the_api_at_the_same_address(page, host, experiment, stack):
    user = User(page, host.url, experiment.user_token, experiment.token)
    user.sign_in()
    user.request("hosted")
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")
    user.open("#/qkd-links")
    expect(page.locator("canvas").first).to_be_visible()
    assert len(stack.simulator.snapshot().servers) == 1
