"""Every page with real data, in light and dark, wide and as on a phone: nothing that axe finds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import new_page
from tests.e2e.lab import eavesdrop, fetch_key
from tests.e2e.user import User

ROOT = Path(__file__).parents[2]
AXE = (ROOT / "tests/e2e/vendor/axe-core/axe.min.js").read_text(encoding="utf-8")
SCREENSHOTS = ROOT / "build/screenshots"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDTHS = {"wide": 1280, "phone": 360}
# A template that was given the wrong thing shows one of these.
MISHAPS = re.compile(r"undefined|\[object|NaN|Invalid Date")
# Per page: where it is, its heading, and what shows that it is complete.
PAGES = {
    "overview": ("#/", "Overview", "[data-link] .countdown"),
    "request": ("#/request", "Request virtual machines", "bi-request-check"),
    "catalog": ("#/catalog", "Catalog", "table"),
    "qkd-links": ("#/qkd-links", "QKD links", "canvas"),
    "tasks": ("#/tasks", "Tasks", "table"),
    "administration": ("#/administration", "Administration", "table"),
    "not-found": ("#/nonsense", "Not found", ".state.empty"),
}


def audit(page: Page, name: str) -> None:
    """Take pictures of the page, wide and as on a phone, and fail on what is wrong with it."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.evaluate(AXE)
    for form, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=SCREENSHOTS / f"{name}-{form}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, form)
        assert not MISHAPS.search(page.locator("body").inner_text()), (name, form)
        found = page.evaluate(f"axe.run(document, {json.dumps(RULES)})")["violations"]
        broken = [
            (rule["id"], [(node["target"], node.get("failureSummary")) for node in rule["nodes"]])
            for rule in found
        ]
        assert broken == [], (name, form)
    page.set_viewport_size({"width": WIDTHS["wide"], "height": 800})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_violation(browser, stack, experiment, lab, scheme):
    admin = stack.issuer.user_token("admin", proj=User.claims(experiment.user_token)["proj"])
    with new_page(browser, color_scheme=scheme) as page:
        user = User(page, stack.addresses.api_url, admin, experiment.token)
        user.open()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        audit(page, f"sign-in-{scheme}")
        user.sign_in()
        user.request_pair("node")
        expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")
        fetch_key(lab, "node0", "node0-node1")
        vm = next(one for one in experiment.listed() if one["friendly_name"] == "node0")
        for name, (fragment, heading, complete) in PAGES.items():
            user.open(fragment)
            expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
            expect(page.locator(f"main {complete}").first).to_be_visible()
            if name == "request":
                user.fill_request("more", 2)
                expect(page.locator("[data-check=fits]")).to_be_visible()
            if name == "qkd-links":
                expect(page.get_by_text("1 key")).to_be_visible()
                page.set_viewport_size({"width": WIDTHS["wide"], "height": 1040})
                page.screenshot(path=SCREENSHOTS / f"for-readme-{scheme}.png")  # docs/images
                page.get_by_text("The same as a table").click()
            audit(page, f"{name}-{scheme}")
        for name, fragment in (("resource", "resources"), ("task", "tasks")):
            user.open(f"#/{fragment}/{vm['id' if name == 'resource' else 'task_id']}")
            expect(page.locator(".timeline")).to_be_visible()
            audit(page, f"{name}-{scheme}")
        user.open(f"#/resources/{vm['id']}")
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        audit(page, f"dialog-{scheme}")


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_alarm_has_a_violation(browser, stack, experiment, scheme):
    (qkd_link,) = experiment.ok("GET", "/qkd-links")
    eavesdrop(qkd_link["id"])
    with new_page(browser, color_scheme=scheme) as page:
        user = User(page, stack.addresses.api_url, experiment.user_token, experiment.token)
        user.sign_in()
        expect(page.locator(".alarms").get_by_text("The error rate is high")).to_be_visible()
        audit(page, f"overview-alarm-{scheme}")
        user.open("#/qkd-links")
        expect(page.locator("[data-alarm=qber_high]")).to_be_visible()
        expect(page.locator("canvas").last).to_be_visible()
        audit(page, f"qkd-links-alarm-{scheme}")


def test_a_site_without_qkd_says_so(user):
    """The stack always has QKD here: what the page is told of the site is changed on its way."""

    def without(route):
        answer = route.fetch()
        (site,) = answer.json()
        route.fulfill(response=answer, json=[{**site, "supports_qkd": False}])

    user.page.route("**/infrastructures", without)
    user.sign_in()
    user.open("#/qkd-links")
    expect(user.page.get_by_text("This site offers no QKD links")).to_be_visible()
    audit(user.page, "qkd-links-none")
    user.page.unroute_all(behavior="wait")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_who_wants_no_motion_gets_none(browser, stack, experiment, motion):
    with new_page(browser, reduced_motion=motion) as page:
        user = User(page, stack.addresses.api_url, experiment.user_token, experiment.token)
        user.open()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        script = "getComputedStyle(document.querySelector('button')).transitionDuration"
        shown = page.evaluate(script)
        assert (shown == "0s") == (motion == "reduce")
