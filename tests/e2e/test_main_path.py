"""The main job in a browser: sign in, ask for two VMs, watch, extend, delete."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_from_sign_in_to_gone(user, stack):
    page = user.page
    user.sign_in()
    expect(page.get_by_text("You have nothing here yet")).to_be_visible()

    user.request("node", 2)
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")
    for name in ("node0", "node1"):
        expect(page.locator(f"[data-resource={name}] .pill")).to_have_attribute("data-status", "up")
    assert len(stack.simulator.snapshot().servers) == 2

    page.locator("[data-resource=node0] a").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("node0")
    expect(page.get_by_role("region", name="SSH command")).to_contain_text(
        re.compile(r"^ssh .*ubuntu@")
    )
    expect(page.get_by_text(re.compile("SHA256:")).first).to_be_visible()

    page.get_by_label("Extend node0").click()
    page.get_by_role("button", name="+1 day").click()
    expect(page.get_by_text("Granted until")).to_be_visible()
    expect(page.locator(".big time")).to_have_text(re.compile(r"1 d"))

    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete node0?")
    dialog.get_by_role("button", name="Delete node0").click()
    expect(page.locator("h1 .pill")).to_have_attribute("data-status", "terminated")
    assert len(stack.simulator.snapshot().servers) == 1

    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Build VMs")).to_be_visible()
