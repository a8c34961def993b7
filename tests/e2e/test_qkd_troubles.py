"""What goes wrong in the lab, as the user sees it, and how it ends by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect

from chalicelib import bootstrap
from chalicelib.domain.qkd import Provenance, Sample
from tests.e2e.lab import eavesdrop, end_agents, end_fault
from tests.e2e.user import DASH

pytestmark = pytest.mark.usefixtures("lab")

HISTORY, MARK = 1200, 424_242  # how many samples, and by what they are known again
ANSWER = 500  # the most samples that the site gives at a time here


@pytest.fixture
def history(experiment):
    """A week-old stretch of samples in the store, one second each, with one peak; its link."""
    (qkd_link,) = experiment.ok("GET", "/qkd-links")
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(days=6)
    usual = Sample(begin, 0.03, 5000.0, 5000.0, 0, MARK, Provenance.EMULATED)
    series = [
        replace(usual, at=begin + timedelta(seconds=n), qber=0.12 if n == 700 else 0.03)
        for n in range(HISTORY)
    ]
    telemetry = bootstrap.backend().telemetry
    telemetry.add_samples(qkd_link["id"], series, datetime.now(UTC) + timedelta(days=1))
    return qkd_link["id"]


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
    expect(parked.locator("[data-waiting]")).to_contain_text("cannot be reached")
    expect(page.locator(".timeline .pill").first).to_have_attribute("data-status", "parked")
    user.open("#/tasks")
    expect(page.locator("tr [data-waiting]").first).to_contain_text("cannot be reached")
    page.get_by_role("link", name="Build VMs").first.click()
    expect(parked).to_be_visible()

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


def test_a_vm_goes_at_once_and_its_link_says_what_it_waits_for(user, lab, experiment):
    page = user.page
    user.sign_in()
    user.request_pair("gone")
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")
    (vm,) = (one for one in experiment.listed() if one["friendly_name"] == "gone0")
    end_agents(lab)
    user.open(f"#/resources/{vm['id']}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete gone0").click()
    expect(page.locator("h1 .pill")).to_have_attribute("data-status", "terminated")
    waiting = page.locator("[data-link=gone0-gone1] [data-waiting]")
    expect(waiting).to_contain_text("the lab has not confirmed it yet: The QKD agent")
    user.open("#/qkd-links")
    held = page.locator("[data-link=gone0-gone1] .pill")
    expect(held).to_have_attribute("data-status", "releasing")
    expect(waiting).to_contain_text("cannot be reached")

    lab.restart()
    expect(page.get_by_text("You hold no links")).to_be_visible()
    user.open(f"#/resources/{vm['id']}")
    expect(page.locator("[data-link=gone0-gone1] .pill")).to_have_attribute(
        "data-status", "released"
    )
    expect(waiting).to_have_count(0)


def test_researchers_take_the_samples_with_them(user, tmp_path):
    page = user.page
    user.sign_in()
    user.open("#/qkd-links")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    path = tmp_path / "samples.csv"
    download.value.save_as(path)
    comment, units, period, columns, *rows = path.read_text(encoding="utf-8").splitlines()
    assert comment.endswith("emulated data")
    assert "qber in fraction" in units
    assert period.endswith("every sample.")
    first = dict(zip(columns.split(","), rows[0].split(","), strict=True))
    assert 0 < float(first["qber"]) < 0.05
    assert first["provenance"] == "emulated"
    assert re.search(r"-hour\.csv$", download.value.suggested_filename)


def test_a_file_has_every_sample_however_many_answers_it_takes(user, history, tmp_path):
    page, asked = user.page, []

    def give_less(route):
        asked.append(route.request.url)
        route.continue_(url=route.request.url.replace("limit=10000", f"limit={ANSWER}"))

    page.route("**/samples?*", give_less)
    user.sign_in()
    user.open(f"#/qkd-links/{history}/week")
    chart = page.locator("bi-line-chart").first
    expect(chart.get_by_role("img")).to_have_accessible_name(re.compile(r"to 1[\d.]+ %, last"))
    expect(chart.get_by_text("highest")).to_be_visible()
    expect(page.get_by_text("Each point is the mean of 15 min.")).to_be_visible()
    page.get_by_text("The same as a table").click()
    expect(page.locator("details table th")).to_have_text(
        ["When", "QBER", "highest", "Key rate", "lowest", "Keys in stock", "Emulated faults"]
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    path = tmp_path / "samples.csv"
    download.value.save_as(path)

    head, rows = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        (head if line[0] in "#a" else rows).append(line.split(","))
    assert [line[0][:6] for line in head] == ["# QKD ", "# at i", "# From", "at"]
    assert sum(int(row[5]) == MARK for row in rows) == HISTORY
    moments = [row[0] for row in rows]
    assert moments == sorted(set(moments))
    files = [url for url in asked if "format=csv" in url]
    assert len(files) > HISTORY // ANSWER
    assert all("limit=10000" in url for url in files)
    page.unroute_all(behavior="wait")


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
