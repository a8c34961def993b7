"""The accepted request, as the task carries it."""

from __future__ import annotations

import json
from datetime import timedelta

from msgspec.structs import replace

from chalicelib.domain.intents import (
    PlannedResource,
    Secrets,
    intent_of,
    resources_of,
    secrets_data,
    secrets_of,
)
from chalicelib.domain.resources import Placement, ResourceSpec
from tests.unit.domain.builders import NOW, task

END = NOW + timedelta(days=1)
PLANNED = tuple(
    PlannedResource(
        identifier,
        ResourceSpec(f"vm-{identifier}", "image", "flavor", ("public", "lab"), True),
        Placement("glance", "nova", ("net-1", "net-2"), "ubuntu", False, 2, 2048),
    )
    for identifier in ("r-1", "r-2")
)
SECRETS = Secrets({"r-1": "#!/bin/sh secret"}, ("ssh-ed25519 AAAA",))


def test_resources_come_back_from_plain_data_as_they_went_in():
    stored = json.loads(json.dumps(intent_of(PLANNED, END)))
    found = resources_of(task(intent=stored), "alice")
    assert [(r.id, r.spec, r.placement) for r in found] == [
        (p.id, p.spec, p.placement) for p in PLANNED
    ]
    for resource in found:
        assert (resource.expires_at, resource.created_at) == (END, NOW)
        assert (resource.task_id, resource.status) == ("task-1", "requested")
        assert [(e.what, e.actor) for e in resource.events] == [("requested", "alice")]


def test_a_task_without_intent_has_no_resources():
    assert resources_of(task(), "alice") == ()


def test_secrets_come_back_and_are_empty_once_dropped():
    stored = json.loads(json.dumps(secrets_data(SECRETS)))
    assert secrets_of(task(secret_input=stored)) == SECRETS
    assert secrets_of(replace(task(), secret_input=None)) == Secrets({}, ())


def test_secrets_do_not_show_themselves():
    assert "secret" not in f"{SECRETS} {SECRETS!r}".lower().replace("secrets(...)", "")
    assert "AAAA" not in repr(SECRETS)
