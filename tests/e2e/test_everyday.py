"""What users do beside the main path: by hand instead of by form, reboot, console, user data."""

from __future__ import annotations

import shlex
import subprocess

from playwright.sync_api import expect

from tests.integration.stack.client import wait_until

USER_DATA = "#cloud-config\nruncmd:\n  - [echo, hello]\n"


def shown(page, summary):
    """Open what the form shows as text, and read it."""
    page.locator("summary", has_text=summary).click()
    return page.get_by_role("region", name=summary, exact=True).inner_text()


def test_the_json_and_the_curl_line_do_what_the_form_does(user, experiment, tmp_path):
    page = user.page
    user.sign_in()
    user.open("#/request")
    user.fill_request("by-hand", 2)
    page.locator("summary", has_text="Cloud-init (optional)").click()
    page.get_by_label("Cloud-init (optional)").fill(USER_DATA)
    expect(page.locator("[data-check=fits]")).to_be_visible()
    body = shown(page, "The same as JSON")
    assert user.user_token not in body
    (tmp_path / "request.json").write_text(body.replace("USER_TOKEN", user.user_token))
    header = tmp_path / "auth.header"
    header.write_text(f"Authorization: Bearer {user.experiment_token}")

    command = shlex.split(shown(page, "The same with curl").replace("\\\n", " "))
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    user.open("#/")
    for name in ("by-hand0", "by-hand1"):
        expect(page.locator(f"[data-resource={name}] .pill")).to_have_attribute("data-status", "up")
    assert len(experiment.listed()) == 2


def test_a_vm_is_rebooted_looked_at_and_tells_its_history(user, experiment):
    (vm,) = experiment.up("daily")
    page = user.page
    user.sign_in()
    user.open(f"#/resources/{vm['id']}")
    page.get_by_role("button", name="Console").click()
    console = page.get_by_role("link", name="Open the console")
    expect(console).to_have_attribute("rel", "noopener noreferrer")
    assert console.get_attribute("href").startswith("http")

    page.get_by_role("button", name="Reboot").click()
    page.get_by_role("dialog").get_by_role("button", name="Reboot daily").click()
    expect(page.get_by_role("heading", name="Latest task: Reboot VMs")).to_be_visible()
    expect(page.locator(".timeline")).to_have_attribute("data-status", "finished")
    wait_until(lambda: experiment.resource(vm["id"])["status"] == "up", "the VM to be up again")
    expect(page.locator("h1 .pill")).to_have_attribute("data-status", "up")
    history = page.get_by_role("group", name="History")
    for entry in ("requested", "phoned home", "resetting"):
        expect(history.get_by_text(entry).first).to_be_visible()
    expect(page.get_by_role("button", name="Copy: SSH command")).to_be_visible()
