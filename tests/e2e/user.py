"""What a user does on the page, in their own terms."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.integration.stack.client import KEY

DASH = "\N{EN DASH}"  # between the names of two ends
_MOST_TABS = 80
_FOCUSED_NAME = """() => {
  const focused = document.activeElement;
  const label = focused.labels?.[0]?.textContent ?? "";
  return (focused.getAttribute("aria-label") ?? (label || focused.textContent)).trim();
}"""


class User:
    """Somebody with a browser and two tokens."""

    def __init__(self, page: Page, api_url: str, user_token: str, experiment_token: str) -> None:
        self.page = page
        self.url = f"{api_url}/ui"
        self.user_token = user_token
        self.experiment_token = experiment_token

    def open(self, fragment: str = "#/") -> None:
        self.page.goto(self.url + fragment)

    def paste(self, token: str, where: Locator | None = None) -> None:
        panel = where or self.page.locator("main")
        panel.get_by_label("Paste a token").fill(token)
        panel.get_by_role("button", name="Use this token").click()

    def sign_in(self, *tokens: str) -> None:
        """Paste both tokens, or those given, and go on."""
        self.open()
        for token in tokens or (self.user_token, self.experiment_token):
            self.paste(token)
            expect(self.page.get_by_text("token accepted.")).to_be_visible()
        self.page.get_by_role("button", name="Go to the overview").click()
        expect(self.page.get_by_role("heading", level=1, name="Overview")).to_be_visible()

    def fill_request(self, name: str, count: int = 1) -> None:
        self.page.get_by_label("Disk image").select_option(label="ubuntu-24.04")
        flavor = self.page.get_by_label("Flavor")
        flavor.select_option(
            value=flavor.locator("option", has_text="m1.tiny:").get_attribute("value")
        )
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("How many").fill(str(count))
        self.page.get_by_label("SSH public key").fill(KEY)

    def request(self, name: str, count: int = 1) -> None:
        """Ask for VMs and arrive at their task."""
        self.open("#/request")
        self.fill_request(name, count)
        expect(self.page.locator("[data-check=fits]")).to_be_visible()
        self.page.get_by_role("button", name="Request ").click()
        expect(self.page.get_by_role("heading", level=1, name="Build VMs")).to_be_visible()

    def request_pair(self, name: str) -> None:
        """Ask for two VMs with a QKD link between them, and arrive at their task."""
        self.open("#/request")
        self.fill_request(name, 2)
        self.page.get_by_label(re.compile(f"^{name}0 . {name}1$")).check()
        expect(self.page.locator("[data-check=fits]")).to_be_visible()
        self.page.get_by_role("button", name="Request ").click()
        expect(self.page.get_by_role("heading", level=1, name="Build VMs")).to_be_visible()

    @property
    def project_id(self) -> str:
        return self.claims(self.user_token)["proj"]

    def experiment_claims(self) -> dict[str, Any]:
        return self.claims(self.experiment_token)

    @staticmethod
    def claims(token: str) -> dict[str, Any]:
        """Return what a token says."""
        part = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))

    def tab_to(self, name: str) -> None:
        """Press Tab until the control with this name has the focus."""
        names = []
        for _ in range(_MOST_TABS):
            self.page.keyboard.press("Tab")
            names.append(self.page.evaluate(_FOCUSED_NAME))
            if names[-1] == name:
                return
        raise AssertionError(f"no way to {name!r} by Tab; met {names}")
