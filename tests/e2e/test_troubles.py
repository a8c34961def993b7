"""What goes wrong, as the user sees it: in words, and with nothing lost."""

from __future__ import annotations

from datetime import UTC, datetime

from playwright.sync_api import expect

from infra.local.simulator.faults import Effect, Fault
from tests.integration.stack.client import wait_until


def test_a_token_runs_out_and_the_form_stays(user, stack):
    page = user.page
    page.clock.install(time=datetime.now(UTC))
    user.sign_in()
    page.get_by_role("link", name="Request", exact=True).click()
    user.fill_request("kept", 2)
    banner = page.locator("[data-token=experiment]")
    expect(banner).to_have_count(0)

    page.clock.fast_forward("13:00")
    expect(banner).to_contain_text("ends in 2 min")
    page.clock.fast_forward("03:00")
    expect(banner).to_contain_text("has expired")
    expect(page.get_by_label("Name")).to_have_value("kept")

    banner.get_by_role("button", name="Renew").click()
    subject = user.experiment_claims()["sub"]
    fresh = stack.issuer.experiment_token(lifetime_seconds=7200, sub=subject, proj=user.project_id)
    user.paste(fresh, page.get_by_role("dialog"))

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(banner).to_have_count(0)
    expect(page.get_by_label("Name")).to_have_value("kept")
    expect(page.locator("[data-check=fits]")).to_be_visible()


def test_a_reload_keeps_what_was_typed(user):
    user.sign_in()
    user.open("#/request")
    user.fill_request("kept")
    user.page.reload()
    expect(user.page.get_by_label("Name")).to_have_value("kept")


def test_a_request_that_would_be_refused_says_so_at_once(user):
    page = user.page
    user.sign_in()
    user.open("#/request")
    user.fill_request("many", 7)
    verdict = page.locator("[data-check=refused]")
    expect(verdict).to_contain_text("quota")

    page.get_by_label("How many").fill("1")
    page.get_by_label("SSH public key").fill("ssh-ed25519 nonsense")
    expect(page.get_by_label("SSH public key")).to_have_attribute("aria-invalid", "true")
    expect(verdict).to_be_visible()


def test_a_build_that_fails_tells_the_reason(user, stack):
    page = user.page
    stack.simulator.faults.add(Fault(Effect.SPAWN_ERROR, message="disk is full", times=1))
    user.sign_in()
    user.request("unlucky")
    expect(page.locator(".timeline")).to_have_attribute("data-status", "failed")
    expect(page.locator(".timeline .notice")).to_contain_text("It failed")
    user.open("#/")
    expect(page.locator(".alarms")).to_contain_text("unlucky failed")


def test_a_task_waits_for_a_cloud_that_is_away_and_goes_on(user, stack):
    page = user.page
    user.sign_in()
    stack.simulator.faults.add(Fault(Effect.OUTAGE))
    user.request("patient")
    expect(page.get_by_text("This task waits and goes on by itself")).to_be_visible()
    expect(page.locator("[data-parked] [data-waiting]")).to_contain_text("OpenStack")
    stack.simulator.faults.clear()
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")
    assert len(stack.simulator.snapshot().servers) == 1


def test_a_site_that_is_away_leaves_what_was_read(user, experiment):
    page = user.page
    experiment.up("visible")
    user.sign_in()
    row = page.locator("[data-resource=visible]")
    expect(row).to_be_visible()

    page.context.set_offline(True)
    expect(page.get_by_text("The site has not answered since").first).to_be_visible()
    expect(row).to_be_visible()

    page.context.set_offline(False)
    expect(page.get_by_text("The site has not answered since")).to_have_count(0)


def test_a_token_of_another_experiment_is_asked_to_be_replaced(user, stack, experiment):
    (vm,) = experiment.up("theirs")
    page = user.page
    other = stack.issuer.experiment_token("another", proj=user.project_id)
    user.sign_in(user.user_token, other)
    user.open(f"#/resources/{vm['id']}")
    expect(page.get_by_text("belongs to another experiment")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    user.paste(user.experiment_token, page.get_by_role("dialog"))
    page.get_by_role("dialog").get_by_role("button", name="Delete theirs").click()
    wait_until(lambda: not stack.simulator.snapshot().servers, "the VM to go")


def test_what_is_not_there_is_said_to_be_missing(user):
    user.sign_in()
    user.open("#/resources/r_nothing")
    expect(user.page.get_by_role("alert")).to_contain_text("that you can see")
    user.open("#/nonsense")
    expect(user.page.get_by_text("There is no such page")).to_be_visible()
