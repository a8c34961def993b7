"""Lists that are longer than any answer of the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect

from chalicelib import bootstrap
from chalicelib.domain.statuses import ResourceStatus, TaskStatus
from tests.contract.stores.samples import NOW, make_resource, make_task
from tests.e2e.user import User
from tests.integration.stack.client import Experiment

RESOURCES, TASKS = 520, 130


@pytest.fixture(scope="module")
def crowd(stack):
    """An experiment whose history is in the store: nothing of it is left to be released.

    Its user has no other: what lists show first depends on all that a user has.
    """
    crowd = Experiment(stack, "crowd", "crowd-project")
    crowd.user_token = stack.issuer.user_token("charles", project="crowd-project")
    claims = User.claims(crowd.token)
    backend, settings = bootstrap.backend(), bootstrap.settings()
    common = {
        "infra_id": settings.infra_id,
        "experiment_id": claims["sub"],
        "project_id": claims["proj"],
        "owner_id": User.claims(crowd.user_token)["sub"],
    }
    for number in range(RESOURCES):
        vm = make_resource(**common, created_at=NOW + timedelta(seconds=number))
        spec = replace(vm.spec, friendly_name=f"vm{number}")
        backend.resources.add(replace(vm, spec=spec, status=ResourceStatus.FAILED))
    for number in range(TASKS):
        at = NOW + timedelta(seconds=number)
        task = make_task(**common, created_at=at, watch_at=None, finished_at=at)
        backend.tasks.add(replace(task, status=TaskStatus.FINISHED))
    return crowd


@pytest.fixture
def user(page, stack, crowd):
    return User(page, stack.addresses.api_url, crowd.user_token, crowd.token)


def test_more_resources_than_one_answer_holds_can_all_be_reached(user, page):
    user.sign_in()
    page.get_by_text(f"Past ({RESOURCES})").click()
    rows = page.locator(".past tbody tr")
    expect(rows).to_have_count(50)
    expect(page.get_by_text(f"Showing 50 of {RESOURCES}.")).to_be_visible()
    # The newest first: those of the second answer.
    expect(rows.first).to_contain_text(f"vm{RESOURCES - 1}")

    more = page.get_by_role("button", name="Show more")
    more.focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(100)
    expect(rows.nth(50).get_by_role("link")).to_be_focused()
    while more.count():
        more.click()
    expect(rows).to_have_count(RESOURCES)
    expect(rows.last).to_contain_text("vm0")
    expect(page.get_by_text(f"Showing {RESOURCES} of {RESOURCES}.")).to_be_visible()


def test_older_tasks_are_read_when_they_are_asked_for(user, page):
    user.sign_in()
    user.open("#/tasks")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    expect(page.get_by_text("Showing 50 of 100 read so far; there are more.")).to_be_visible()
    for shown in (100, TASKS):
        page.get_by_role("button", name="Show more").press("Enter")
        expect(rows).to_have_count(shown)
    expect(page.get_by_text(f"Showing {TASKS} of {TASKS}.")).to_be_visible()
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_experiments_beyond_the_first_eight_are_said_to_be_there_and_can_be_reached(
    page, stack, experiment
):
    """Ten experiments of one user; the oldest one's task comes with the others' on request."""
    user_token = stack.issuer.user_token("mary", project="browser-project-many")
    claims, backend = User.claims(user_token), bootstrap.backend()
    for number in range(10):
        common = {
            "infra_id": bootstrap.settings().infra_id,
            "experiment_id": f"{User.claims(experiment.token)['sub']}{number}",
            "project_id": claims["proj"],
            "owner_id": claims["sub"],
            "created_at": NOW + timedelta(seconds=number),
        }
        vm = make_resource(**common)
        spec = replace(vm.spec, friendly_name=f"of-experiment-{number}")
        backend.resources.add(replace(vm, spec=spec, status=ResourceStatus.FAILED))
        task = make_task(**common, watch_at=None, finished_at=NOW, resource_ids=(vm.id,))
        backend.tasks.add(replace(task, status=TaskStatus.FINISHED))
    user = User(page, stack.addresses.api_url, user_token, experiment.token)
    user.sign_in(user.user_token)
    notice = page.locator("[data-experiments]")
    expect(notice).to_contain_text("Tasks and links of 8 of your 10 experiments.")
    user.open("#/qkd-links")
    expect(notice).to_be_visible()
    user.open("#/tasks")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(8)
    notice.get_by_role("button", name="Show more experiments").press("Enter")
    expect(rows).to_have_count(10)
    expect(page.get_by_text("of-experiment-0")).to_be_visible()
    expect(notice).to_have_count(0)
