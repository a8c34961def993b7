"""What /openapi.json promises, and what the API does, over HTTP on the whole local stack.

To replay: the seed is printed, generation is deterministic.
"""

from __future__ import annotations

import itertools
import os
import time
import traceback
from collections import Counter
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from infra.local.stack import LocalStack, StackOptions
from tests.integration.stack.client import KEY, Experiment, in_hours

SEED = int(os.environ.get("SCHEMATHESIS_SEED", "20240229"))
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "5"))
LEAST_CASES = 2000
PROJECT = "fuzzed"
# The local server, unlike API Gateway, does not know TRACE: its 501 is not the product's.
METHODS = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]
# These have rules that no schema can state: a cursor comes from an answer, what a request names
# must be there, times are compared with now, `mine` needs a user. They may say 422 to anyone.
BEYOND_SCHEMA = [
    {"include-operation-id": name}
    for name in ("list_disk_images", "list_flavors", "list_links", "list_resources", "list_tasks",
                 "show_samples",
                 "request_resources", "extend_resource", "phone_home")
]  # fmt: skip
# Cases for these have made-up tokens or ids only; other tests see them done.
NEVER_DONE = {
    ("POST", "/phone-home"),
    ("DELETE", "/disk-images/{id}"),
    ("DELETE", "/flavors/{id}"),
    ("GET", "/links/{id}"),
    ("DELETE", "/links/{id}"),
    ("GET", "/qkd-links/{id}"),
    ("GET", "/qkd-links/{id}/samples"),
    ("GET", "/ui/{release}/{directory}/{file}"),
}
ALLOWED = ["2XX", "304", "401", "403", "404", "409", "422"]


class Outcome:
    """The cases that were sent, and what was wrong with their answers."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self.failures: list[str] = []

    @property
    def count(self) -> int:
        return self.answers.total()

    def note(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            text = "".join(traceback.format_exception(event.value))[-2000:]
            self.failures.append(f"{event.label}: {text}")
        if isinstance(event, events.ScenarioFinished):
            self._record(event.recorder)

    def _record(self, recorder: ScenarioRecorder) -> None:
        for case_id, interaction in recorder.interactions.items():
            case = recorder.cases[case_id].value
            status = interaction.response.status_code if interaction.response else 0
            self.answers[case.method, case.path, status] += 1
        self.failures += [
            f"{recorder.label} {check.name}: {check.failure_info.failure.message}\n"
            f"  {check.failure_info.code_sample}\n  {_text(recorder, case_id)}"
            for case_id, checks in recorder.checks.items()
            for check in checks
            if check.failure_info
        ]


def _text(recorder: ScenarioRecorder, case_id: str) -> str:
    interaction = recorder.interactions.get(case_id)
    return interaction.response.text[:500] if interaction and interaction.response else ""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory):
    options = StackOptions(
        state=tmp_path_factory.mktemp("stack"),
        boot_seconds=0.2,
        # What the fuzzer gets accepted must not pile up: moto slows down with each item.
        variables={"QUOTA_INSTANCES": "16"},
        run_schedules=False,
    )
    with LocalStack(options) as stack:
        yield stack


def run(
    stack: LocalStack,
    token: str,
    user_token: str,
    only: str = "",
    ids: dict[str, str] | None = None,
) -> Outcome:
    """Send the cases of one caller.

    `only` is a regular expression for paths; `ids` replace the made-up ones in paths.
    """
    paths = {"/resources/{id}": "resource", "/tasks/{id}": "task"}
    operations: list[dict[str, Any]] = [
        {**named, "checks": {"positive_data_acceptance": {"expected-statuses": ALLOWED}}}
        for named in BEYOND_SCHEMA
    ]
    operations += [
        {"include-path-regex": f"^{path}", "parameters": {"path.id": (ids or {})[what]}}
        for path, what in paths.items()
        if ids
    ]
    if only:
        operations.append({"exclude-path-regex": only, "enabled": False})
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "base-url": stack.addresses.api_url,
            "headers": {"Authorization": f"Bearer {token}"},
            "continue-on-failure": True,
            "cache": {"enabled": False},
            "generation": {"max-examples": EXAMPLES, "deterministic": True, "no-shrink": True},
            "phases": {
                "coverage": {"unexpected-methods": METHODS},
                "stateful": {"enabled": False},
            },
            "operations": operations,
        }
    )
    schema = schemathesis.openapi.from_url(f"{stack.addresses.api_url}/openapi.json", config=config)
    outcome = Outcome()
    hook = schemathesis.hook("before_call")(_acceptable_requests(user_token))
    try:
        for event in from_schema(schema).execute():
            outcome.note(event)
    finally:
        schemathesis.hooks.unregister(hook)
    return outcome


def _acceptable_requests(user_token: str):
    """Return a hook that makes valid requests ones that this site can accept."""

    numbers = itertools.count()

    def before_call(context: Any, case: Any, kwargs: Any) -> None:
        del context, kwargs
        if case.meta is None or not case.meta.generation.mode.is_positive:
            return
        # No schema can state it: it turns what is allowed, unknown fields, into an error.
        case.query.pop("strict", None)
        if (case.method, case.path) != ("POST", "/resources") or not isinstance(case.body, dict):
            return
        case.body |= {"expires_at": in_hours(1), "tokens": [{"jwt": user_token}]}
        case.body["ssh_authorized_keys"] = [KEY]
        case.body.pop("links", None)
        case.body["resources"] = (case.body.get("resources") or [])[:1]
        for resource in case.body["resources"]:
            resource |= {"disk_image_id": "ubuntu-24.04", "flavor_id": "m1.tiny"}
            resource |= {"friendly_name": f"vm{next(numbers)}", "network_name": "lab"}
            for name in ("disk_image", "flavor", "network_interfaces", "infra_id", "site_id"):
                resource.pop(name, None)

    return before_call


@pytest.mark.slow
@pytest.mark.timeout(400)
# The stack's threads draw random numbers while cases are made, which Hypothesis cannot tell apart.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
def test_the_api_keeps_every_promise_of_its_description(stack):
    began = time.monotonic()
    user_token = stack.issuer.user_token("ada", project=PROJECT)
    experiment_token = stack.issuer.experiment_token("fuzzed", project=PROJECT)
    standing = Experiment(stack, "standing", PROJECT)
    (vm,) = standing.up("standing")
    outcomes = {
        "experiment": run(stack, experiment_token, user_token),
        "owner": run(
            stack,
            standing.token,
            user_token,
            r"^/(resources|tasks)/\{id\}",
            {"resource": vm["id"], "task": vm["task_id"]},
        ),
        "user": run(stack, user_token, user_token, "^/(resources|tasks|quota)"),
        "admin": run(stack, stack.issuer.user_token("admin"), user_token, "^/(disk|flav)"),
    }
    count = sum(outcome.count for outcome in outcomes.values())
    answers: Counter[tuple[str, str, int]] = sum(
        (outcome.answers for outcome in outcomes.values()), Counter()
    )
    seconds = time.monotonic() - began
    print(f"{count} cases with seed {SEED} in {seconds:.0f} s")  # noqa: T201 -- for replays
    failures = [
        f"{caller}: {failure}"
        for caller, outcome in outcomes.items()
        for failure in outcome.failures
    ]
    assert not failures, f"{len(failures)} failures, seed {SEED}:\n" + "\n".join(failures[:20])
    assert count >= LEAST_CASES
    assert answers["POST", "/resources", 200] >= 5
    assert not [key for key in answers if key[2] >= 500]
    done = {key[:2] for key in answers if key[2] == 200}
    assert operations(stack) - done <= NEVER_DONE


def operations(stack: LocalStack) -> set[tuple[str, str]]:
    description = schemathesis.openapi.from_url(f"{stack.addresses.api_url}/openapi.json")
    return {
        (operation.ok().method.upper(), operation.ok().path)
        for operation in description.get_all_operations()
    }
