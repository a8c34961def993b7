"""The main job in a browser: ask for two VMs with a QKD link, watch, fetch keys, delete."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.lab import fetch_key


def test_from_sign_in_to_gone(user, stack, lab, experiment):
    page = user.page
    user.sign_in()
    expect(page.get_by_text("You have nothing here yet")).to_be_visible()

    user.request_pair("node")
    expect(page.locator(".timeline")).to_have_attribute("data-status", "running")
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")
    for name, status in (("node0", "up"), ("node1", "up"), ("node0-node1", "active")):
        expect(page.locator(f"[data-resource={name}] .pill")).to_have_attribute(
            "data-status", status
        )
    expect(page.locator(".step:not([data-status=finished])")).to_have_count(0)
    assert len(stack.simulator.snapshot().servers) == 2

    key = fetch_key(lab, "node0", "node0-node1")
    assert fetch_key(lab, "node1", "node0-node1", "--key-id", key["key_ID"]) == key
    page.get_by_role("link", name="QKD links").click()
    held = page.locator("[data-link=node0-node1]")
    expect(held).to_contain_text("1 key")
    expect(held.locator("[data-consumed]")).to_have_attribute("data-consumed", "256")
    expect(held.get_by_role("link", name="node1")).to_be_visible()
    for chart in ("QBER of", "Secret key rate of", "Keys of 256 bit in stock at"):
        label = re.compile(rf"{chart} kme-a . kme-b.*: [\d.,]+ .* to [\d.,]+ .*, last [\d.,]+")
        expect(page.get_by_role("img", name=label)).to_be_visible()

    held.get_by_label("Extend node0-node1").click()
    held.get_by_role("button", name="+1 day").click()
    expect(held.get_by_text("Granted until")).to_be_visible()
    expect(held.locator("time")).to_have_text(re.compile(r"1 d"))

    page.get_by_role("link", name="Overview").click()
    page.locator("[data-resource=node0] a").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("node0")
    expect(page.locator(".big time")).to_have_text(re.compile(r"1 d"))
    expect(page.get_by_role("region", name="SSH command")).to_contain_text(
        re.compile(r"^ssh .*ubuntu@")
    )
    expect(page.get_by_text(re.compile("SHA256:")).first).to_be_visible()
    expect(page.locator("[data-link=node0-node1]")).to_contain_text("Fetched so far: 1 key.")

    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete node0?")
    dialog.get_by_role("button", name="Delete node0").click()
    expect(page.locator("h1 .pill")).to_have_attribute("data-status", "terminated")
    assert len(stack.simulator.snapshot().servers) == 1
    with pytest.raises(AssertionError, match="fetch-key"):
        fetch_key(lab, "node1", "node0-node1")

    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    page.locator("[data-resource=node1] a").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete node1").click()
    expect(page.locator("h1 .pill")).to_have_attribute("data-status", "terminated")
    assert not any(stack.simulator.snapshot())
    user.open("#/")
    expect(page.get_by_text("You have nothing here yet")).to_be_visible()
    assert experiment.listed() == []


@pytest.mark.usefixtures("lab")
def test_a_link_can_be_released_alone(user, experiment):
    page = user.page
    user.sign_in()
    user.request_pair("alone")
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")

    user.open("#/qkd-links")
    held = page.locator("[data-link=alone0-alone1]")
    held.get_by_role("button", name="Release alone0-alone1").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Release alone0-alone1?")
    dialog.get_by_role("button", name="Release alone0-alone1").click()

    expect(page.get_by_role("heading", level=1, name="Release a QKD link")).to_be_visible()
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")
    page.get_by_role("link", name="QKD links").click()
    expect(page.get_by_text("You hold no links")).to_be_visible()
    assert {vm["status"] for vm in experiment.listed()} == {"up"}
