"""Every page, in light and dark: no violation that axe finds; and a path without a mouse."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import new_page
from tests.e2e.qkd_site import offer_qkd_links
from tests.e2e.user import User
from tests.integration.stack.client import KEY

ROOT = Path(__file__).parents[2]
AXE = (ROOT / "tests/e2e/vendor/axe-core/axe.min.js").read_text(encoding="utf-8")
SCREENSHOTS = ROOT / "build/screenshots"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# Per page: where it is, its heading, and what shows that it is complete.
PAGES = {
    "overview": ("#/", "Overview", "table"),
    "request": ("#/request", "Request virtual machines", "bi-request-check"),
    "catalog": ("#/catalog", "Catalog", "table"),
    "qkd-links": ("#/qkd-links", "QKD links", ".state.empty"),
    "tasks": ("#/tasks", "Tasks", "table"),
    "administration": ("#/administration", "Administration", "table"),
    "not-found": ("#/nonsense", "Not found", ".state.empty"),
}


def audit(page: Page, name: str) -> None:
    """Take a picture of the page and fail on what axe finds."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    page.evaluate(AXE)
    found = page.evaluate(f"axe.run(document, {json.dumps(RULES)})")["violations"]
    broken = [
        (rule["id"], [(node["target"], node.get("failureSummary")) for node in rule["nodes"]])
        for rule in found
    ]
    assert broken == [], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_violation(browser, stack, experiment, scheme):
    (vm,) = experiment.up("audited")
    admin = stack.issuer.user_token("admin", proj=experiment_project(experiment))
    with new_page(browser, color_scheme=scheme) as page:
        user = User(page, stack.addresses.api_url, admin, experiment.token)
        user.open()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        audit(page, f"sign-in-{scheme}")
        user.sign_in()
        for name, (fragment, heading, complete) in PAGES.items():
            user.open(fragment)
            expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
            expect(page.locator(f"main {complete}").first).to_be_visible()
            if name == "request":
                user.fill_request("node", 2)
                expect(page.locator("[data-check=fits]")).to_be_visible()
            audit(page, f"{name}-{scheme}")
        for name, fragment in (("resource", "resources"), ("task", "tasks")):
            user.open(f"#/{fragment}/{vm['id' if name == 'resource' else 'task_id']}")
            expect(page.locator(".timeline")).to_be_visible()
            audit(page, f"{name}-{scheme}")
        user.open(f"#/resources/{vm['id']}")
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        audit(page, f"dialog-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_links_are_shown_where_the_site_has_them(browser, stack, experiment, scheme):
    with new_page(browser, color_scheme=scheme) as page:
        offer_qkd_links(page)
        user = User(page, stack.addresses.api_url, experiment.user_token, experiment.token)
        user.sign_in()
        user.open("#/qkd-links")
        expect(page.locator("canvas").first).to_be_visible()
        expect(
            page.get_by_role("img", name=re.compile("QBER of kme-a . kme-b over time"))
        ).to_be_visible()
        expect(page.get_by_text("2,048 bit")).to_be_visible()
        audit(page, f"qkd-links-offered-{scheme}")

        user.open("#/request")
        user.fill_request("node", 2)
        page.get_by_label(re.compile("^node0 . node1$")).check()
        page.get_by_text("The same as JSON").click()
        expect(page.get_by_role("region", name="The same as JSON")).to_contain_text('"type": "qkd"')


def test_a_vm_comes_and_goes_without_a_mouse(user, stack):
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
    user.tab_to("SSH public key")
    keys.insert_text(KEY)
    expect(page.locator("[data-check=fits]")).to_be_visible()
    user.tab_to("Request 1 VM")
    keys.press("Enter")
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")

    user.tab_to("typed")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("typed")
    user.tab_to("Extend typed")
    keys.press("Enter")
    user.tab_to("+1 hour")
    keys.press("Enter")
    expect(page.get_by_text("Granted until")).to_be_visible()
    user.tab_to("Delete")
    keys.press("Enter")
    user.tab_to("Delete typed")
    keys.press("Enter")
    expect(page.locator("h1 .pill")).to_have_attribute("data-status", "terminated")
    assert stack.simulator.snapshot().servers == []


def experiment_project(experiment) -> str:
    return User.claims(experiment.user_token)["proj"]
