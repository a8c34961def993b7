"""A headless Chromium that may reach this machine only, and what it noticed on the way."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DEADLINE_MS = 60_000  # how long to wait in vain: a busy machine is slow, not broken
_REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


@dataclass
class Noticed:
    """What must not happen, as it happened; `allowed_errors` may."""

    foreign_requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", self._requested)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("console", lambda message: self._said(message.type, message.text))

    def _requested(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1":
            self.foreign_requests.append(request.url)

    def _said(self, kind: str, text: str) -> None:
        # The browser reports each refused request itself; refusals are part of the tests.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.errors.append(text)


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


@contextlib.contextmanager
def new_page(browser: Browser, **options: object) -> Iterator[Page]:
    """Open a page in a context of its own; at the end nothing bad may have been noticed."""
    noticed = Noticed()
    context: BrowserContext = browser.new_context(
        viewport={"width": 1360, "height": 900}, **options
    )
    context.set_default_timeout(DEADLINE_MS)
    context.add_init_script(_REPORT_VIOLATIONS)
    context.on("page", noticed.watch)
    page = context.new_page()
    yield page
    context.close()
    assert noticed.foreign_requests == []
    assert noticed.errors == []
