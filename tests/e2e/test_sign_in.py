"""Getting in: through the issuer, by pasting, and back to where one wanted to go."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def sign_in_at_issuer(page, user="ada"):
    page.get_by_role("button", name="Sign in with SLICES").click()
    page.get_by_label("User").fill(user)
    page.get_by_label("Project").fill("demo")
    page.get_by_role("button", name="Sign in").click()


def test_signing_in_at_the_issuer_leads_back_and_leaves_no_code_in_the_address(user):
    page = user.page
    user.open("#/catalog")

    sign_in_at_issuer(page)

    expect(page.get_by_role("heading", level=1, name="Catalog")).to_be_visible()
    expect(page.get_by_text("Signed in as ada")).to_be_visible()
    assert page.url == f"{user.url}#/catalog"
    assert not page.evaluate("sessionStorage.getItem('bi.sign-in')")


def test_an_answer_to_a_sign_in_that_was_not_begun_here_is_refused(user):
    page = user.page
    page.goto(f"{user.url}?code=stolen&state=guessed")

    expect(page.get_by_role("alert")).to_contain_text("Signing in did not work")
    assert page.evaluate("sessionStorage.getItem('bi.tokens')") is None


def test_an_experiment_token_comes_by_name_on_the_local_stack(user):
    page = user.page
    user.open()
    sign_in_at_issuer(page)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()

    page.get_by_role("button", name="Tokens").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Experiment").fill("by-name")
    dialog.get_by_role("button", name="Get its token").click()

    expect(dialog).to_be_hidden()
    expect(page.locator(".token-line[data-kind=experiment]")).to_have_attribute(
        "data-state", "good"
    )


def test_what_is_no_token_is_said_to_be_none(user):
    user.open()
    user.paste("not-a-token")
    expect(user.page.get_by_text("This is no SLICES token")).to_be_visible()


def test_an_administrator_is_offered_the_administration(page, stack, user):
    user.sign_in(stack.issuer.user_token("admin"), user.experiment_token)
    page.get_by_role("link", name="Administration").click()
    page.get_by_text("Add a flavor").click()
    page.get_by_label("Name").last.fill("e2e.flavor")
    for label, value in (("vCPUs", "1"), ("Memory (MiB)", "256"), ("Disk (MB)", "1000")):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Add", exact=True).last.click()
    expect(page.get_by_text("e2e.flavor was added.")).to_be_visible()
    page.get_by_role("button", name="Remove e2e.flavor").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove e2e.flavor").click()
    expect(page.get_by_text("e2e.flavor is no longer on offer.")).to_be_visible()


def test_an_administrator_sees_what_everybody_has_and_its_events(page, stack, user, experiment):
    experiment.up("somebodys")
    user.sign_in(stack.issuer.user_token("admin"))
    user.open("#/administration")
    row = page.locator("tr[data-resource=somebodys]")
    expect(row.locator(".pill")).to_have_attribute("data-status", "up")
    history = row.get_by_role("button", name="History of somebodys")
    history.click()
    expect(page.get_by_text("phoned home")).to_be_visible()
    history.press("Enter")
    expect(page.get_by_text("phoned home")).to_have_count(0)

    page.get_by_label("Experiment identifier").fill("exp_of-nobody")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("This experiment has no resources.")).to_be_visible()
    page.get_by_label("Experiment identifier").fill(user.experiment_claims()["sub"])
    page.get_by_role("button", name="Show", exact=True).click()
    expect(row).to_be_visible()


def test_others_are_not(user):
    user.sign_in()
    expect(user.page.get_by_role("link", name="Catalog")).to_be_visible()
    expect(user.page.get_by_role("link", name="Administration")).to_have_count(0)
    user.open("#/administration")
    expect(user.page.get_by_text("for the site's administrators")).to_be_visible()


def test_signing_out_forgets_the_tokens(user):
    user.sign_in()
    user.page.get_by_role("button", name="Sign out").click()
    expect(user.page).to_have_url(re.compile("#/sign-in$"))
    assert user.page.evaluate("sessionStorage.length") == 0
