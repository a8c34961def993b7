"""The main path without a mouse."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.user import DASH
from tests.integration.stack.client import KEY


@pytest.mark.usefixtures("lab")
def test_vms_with_a_link_come_and_go_without_a_mouse(user, stack):
    page, keys = user.page, user.page.keyboard
    user.sign_in()
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()

    user.tab_to("Request VMs")
    keys.press("Enter")
    expect(page.get_by_label("Disk image")).to_be_visible()
    user.tab_to("Disk image")
    keys.type("ubuntu-24")
    user.tab_to("Flavor")
    keys.type("m1.tiny")
    user.tab_to("Name")
    keys.press("Control+A")
    keys.type("typed")
    user.tab_to("How many")
    keys.press("ArrowUp")
    user.tab_to("SSH public key")
    keys.insert_text(KEY)
    user.tab_to(f"typed0 {DASH} typed1")
    keys.press("Space")
    expect(page.locator("[data-check=fits]")).to_contain_text("accepted")
    user.tab_to("Request 2 VMs")
    keys.press("Enter")
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")

    user.tab_to("typed0-typed1")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("QKD links")
    expect(page.locator("canvas").first).to_be_visible()
    user.tab_to("Extend typed0-typed1")
    keys.press("Enter")
    user.tab_to("+1 hour")
    keys.press("Enter")
    expect(page.get_by_text("Granted until")).to_be_visible()

    for name in ("typed0", "typed1"):
        user.open("#/")
        expect(page.locator(f"[data-resource={name}]")).to_be_visible()
        user.tab_to(name)
        keys.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
        user.tab_to("Delete")
        keys.press("Enter")
        user.tab_to(f"Delete {name}")
        keys.press("Enter")
        expect(page.locator("h1 .pill")).to_have_attribute("data-status", "terminated")
    assert stack.simulator.snapshot().servers == []
