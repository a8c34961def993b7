"""What goes wrong in the lab, as the user sees it, and how it ends by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.lab import eavesdrop, end_agents, end_fault
from tests.e2e.user import DASH

pytestmark = pytest.mark.usefixtures("lab")


def test_an_alarm_is_shown_while_it_lasts(user, experiment):
    page = user.page
    (qkd_link,) = experiment.ok("GET", "/qkd-links")
    user.sign_in()
    user.request_pair("spied")
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")
    user.open("#/")
    expect(page.get_by_text("All is well.")).to_be_visible()

    fault = eavesdrop(qkd_link["id"])
    alarm = page.locator(".alarms").get_by_text(f"QKD link kme-a {DASH} kme-b: The error rate")
    expect(alarm).to_be_visible()
    expect(page.get_by_text("spied0-spied1 is degraded")).to_be_visible()
    alarm.click()
    shown = page.locator("[data-alarm=qber_high]")
    expect(shown).to_contain_text(re.compile(r"Major: The error rate is high \(the QBER is .*%\)"))
    held = page.locator("[data-link=spied0-spied1] .pill")
    expect(held).to_have_attribute("data-status", "degraded")
    page.get_by_text("The same as a table").click()
    expect(page.locator("details table").get_by_text("eve").first).to_be_visible()

    end_fault(fault)
    expect(page.get_by_text("No alarms.")).to_be_visible()
    expect(held).to_have_attribute("data-status", "active")
    user.open("#/")
    expect(page.get_by_text("All is well.")).to_be_visible()


def test_a_tunnel_that_is_down_is_said_to_be_and_comes_back(user, lab, stack):
    page = user.page
    user.sign_in()
    user.request_pair("before")
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")
    user.open("#/qkd-links")
    site, held = page.locator("[data-qkd-link] .pill"), page.locator("[data-link] .pill")
    expect(site).to_have_attribute("data-status", "active")

    end_agents(lab)
    expect(site).to_have_attribute("data-status", "unreachable")
    expect(page.get_by_text("The lab cannot be reached. The numbers are those of")).to_be_visible()
    expect(held).to_have_attribute("data-status", "degraded")
    user.request_pair("during")
    parked = page.locator("[data-parked]")
    expect(parked).to_contain_text("This task waits and goes on by itself")
    expect(page.locator(".timeline .pill").first).to_have_attribute("data-status", "parked")

    lab.restart()
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")
    expect(parked).to_have_count(0)
    expect(page.locator("[data-resource=during0-during1] .pill")).to_have_attribute(
        "data-status", "active"
    )
    user.open("#/qkd-links")
    expect(site).to_have_attribute("data-status", "active")
    expect(page.locator("[data-link=before0-before1] .pill")).to_have_attribute(
        "data-status", "active"
    )
    assert len(stack.simulator.snapshot().servers) == 4


def test_researchers_take_the_samples_with_them(user, tmp_path):
    page = user.page
    user.sign_in()
    user.open("#/qkd-links")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    path = tmp_path / "samples.csv"
    download.value.save_as(path)
    comment, units, columns, *rows = path.read_text(encoding="utf-8").splitlines()
    assert comment.endswith("emulated data")
    assert "qber in fraction" in units
    first = dict(zip(columns.split(","), rows[0].split(","), strict=True))
    assert 0 < float(first["qber"]) < 0.05
    assert first["provenance"] == "emulated"
    assert re.search(r"-hour\.csv$", download.value.suggested_filename)


def test_a_period_has_an_address(user):
    page = user.page
    user.sign_in()
    user.open("#/qkd-links")
    page.get_by_role("link", name="Last 24 hours").click()
    expect(page).to_have_url(re.compile("#/qkd-links/[^/]+/day$"))
    page.reload()
    expect(page.get_by_role("link", name="Last 24 hours")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.get_by_role("link", name="Last hour")).to_have_attribute("aria-current", "true")
