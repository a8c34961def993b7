"""What .chalice says is what the table of functions says, and that fits the app."""

from __future__ import annotations

import inspect
import json

import pytest

from app import app
from chalicelib.adapters.dynamodb.tables import (
    CONNECT_TIMEOUT_SECONDS,
    MAX_RETRIES,
    READ_TIMEOUT_SECONDS,
    Tables,
)
from chalicelib.adapters.openstack.connection import CloudConnection
from chalicelib.adapters.qkd_agent.transport import TOTAL_SECONDS
from chalicelib.config import load_settings
from infra.aws.asl_subset import MAX_STEP_SECONDS
from infra.aws.chalice_config import CHALICE, config, main, outdated
from infra.aws.functions import API, FUNCTIONS, SCHEDULES, ZONES, logical_id, zone_of
from infra.aws.workflows import definitions, function_name, placeholders
from infra.local.lambda_functions import read_timeouts

REQUIRED = {"PUBLIC_URL": "https://bi.example.org", "STATE_MACHINE_ARN_PREFIX": "arn:"}
GATEWAY_SECONDS = 29  # API Gateway's own limit
STEPS = {function.name for function in app.pure_lambda_functions}


def states_of(machine):
    for state in machine["States"].values():
        yield state
        if state["Type"] == "Map":
            yield from states_of(state["ItemProcessor"])


def test_the_files_are_current():
    assert outdated() == []


def test_changed_missing_and_superfluous_files_are_told_and_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("infra.aws.chalice_config.CHALICE", tmp_path)
    monkeypatch.setattr("infra.aws.chalice_config.outdated", lambda: outdated(tmp_path))
    (tmp_path / "policy-old.json").write_text("{}")
    (tmp_path / "policy-api.json").write_text("{}")
    assert main(["--check"]) == 1
    assert "out of date: .chalice/policy-old.json" in capsys.readouterr().out
    assert main([]) == 0
    assert outdated(tmp_path) == []
    assert not (tmp_path / "policy-old.json").exists()


def test_every_function_of_the_app_is_in_the_table():
    assert set(FUNCTIONS) == {API, *STEPS, *SCHEDULES}
    assert set(SCHEDULES) == {source.name for source in app.event_sources}
    assert set(FUNCTIONS.values()) == set(ZONES)


def test_zones_name_tables_workflows_and_functions_that_exist():
    for zone in ZONES.values():
        assert set(zone.tables) <= set(Tables.__struct_fields__)
        assert set(zone.starts) <= set(definitions())
        assert set(zone.invokes) <= set(FUNCTIONS)


@pytest.mark.parametrize("workflow", sorted(definitions()))
def test_a_step_gives_up_before_its_state_does(workflow):
    for state in states_of(json.loads(definitions()[workflow])):
        if state["Type"] == "Task":
            (placeholder,) = placeholders(state["Parameters"]["FunctionName"])
            assert zone_of(function_name(placeholder)).timeout < state["TimeoutSeconds"]


def test_only_functions_that_talk_to_the_lab_sit_in_the_vpc():
    inside = {name for name, entry in config()["lambda_functions"].items() if "subnet_ids" in entry}
    outside = {API, "park_task", "close_task", "record_failure", "close_resource", "check_ready"}
    assert not inside & outside
    assert {
        "catalog_sync",
        "reconcile",
        "telemetry",
        "open_server_console",
        "ensure_server",
    } <= inside


def test_the_local_stack_reads_the_timeouts():
    assert read_timeouts(CHALICE / "config.json") == {
        name: zone_of(name).timeout for name in FUNCTIONS
    }


def test_logical_ids_are_those_of_chalice():
    assert logical_id("catalog_sync") == "CatalogSync"
    assert logical_id(API) == "APIHandler"


def test_timeouts_have_room_for_calls_that_use_up_theirs():
    store = (MAX_RETRIES + 1) * (CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS)
    cloud = inspect.signature(CloudConnection).parameters["call_seconds"].default
    for zone in ZONES.values():
        assert zone.timeout > store
        if zone.openstack:
            assert zone.timeout >= cloud
        if zone.agents:
            assert zone.timeout > TOTAL_SECONDS + store
    lease = load_settings(REQUIRED).lease.total_seconds()
    for name in set(FUNCTIONS) - {API, *SCHEDULES}:
        assert zone_of(name).timeout < min(lease, MAX_STEP_SECONDS), name
    assert zone_of(API).timeout < GATEWAY_SECONDS
