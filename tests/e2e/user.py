"""What a user does on the page, in their own terms."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.integration.stack.client import KEY


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

    def open_resource(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=False).first.click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(name)
