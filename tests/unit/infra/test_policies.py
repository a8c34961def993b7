"""Every policy as data: no star where a name would do, and nothing that is not used."""

from __future__ import annotations

import json

import pytest

from infra.aws.chalice_config import CHALICE
from infra.aws.functions import FUNCTIONS, ZONES, policy_file
from infra.aws.policies import VPC_ACTIONS
from infra.aws.template import template

# What AWS lets nobody narrow, by action.
WITHOUT_RESOURCES = {
    *VPC_ACTIONS,
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}
SINGLE_ITEM = {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "BatchGetItem"}
RESOURCES = template("prod")["Resources"]


def statements_of(zone):
    document = json.loads((CHALICE / policy_file(zone)).read_text(encoding="utf-8"))
    assert document["Version"] == "2012-10-17"
    return document["Statement"]


def allowed(zone, service):
    return {
        action
        for statement in statements_of(zone)
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        if action.startswith(f"{service}:")
    }


@pytest.mark.parametrize("zone", ZONES)
def test_no_action_has_a_star_and_resources_are_named(zone):
    for statement in statements_of(zone):
        assert not any("*" in action for action in statement["Action"])
        if statement["Effect"] == "Allow" and statement["Resource"] == "*":
            assert set(statement["Action"]) <= WITHOUT_RESOURCES
        elif statement["Effect"] == "Allow":
            for resource in statement["Resource"]:
                text = json.dumps(resource)
                assert text.count("*") == text.count("/index/*") + text.count(":*")
                assert '"*"' not in text


@pytest.mark.parametrize("zone", ZONES)
def test_tables_are_used_item_by_item(zone):
    assert allowed(zone, "dynamodb") <= {f"dynamodb:{action}" for action in SINGLE_ITEM}


@pytest.mark.parametrize("zone", ZONES)
def test_rights_for_the_network_are_for_those_in_it_and_not_for_their_code(zone):
    assert allowed(zone, "ec2") == (set(VPC_ACTIONS) if ZONES[zone].in_vpc else set())
    denied = [entry for entry in statements_of(zone) if entry["Effect"] == "Deny"]
    assert len(denied) == ZONES[zone].in_vpc
    for statement in denied:
        assert set(statement["Action"]) == set(VPC_ACTIONS)
        sources = statement["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]
        assert len(sources) == list(FUNCTIONS.values()).count(zone)


def test_the_api_starts_workflows_and_calls_the_console_and_nothing_else():
    others = {"dynamodb", "logs", "xray"}
    actions = {
        action
        for statement in statements_of("api")
        for action in statement["Action"]
        if action.partition(":")[0] not in others
    }
    assert actions == {"states:StartExecution", "lambda:InvokeFunction"}
    (call,) = (entry for entry in statements_of("api") if entry["Sid"] == "CallSteps")
    assert [json.dumps(arn).endswith('-open_server_console"}') for arn in call["Resource"]] == [
        True
    ]


@pytest.mark.parametrize("zone", ZONES)
def test_a_secret_is_read_by_those_who_use_it(zone):
    reads = [entry for entry in statements_of(zone) if entry["Sid"] == "ReadSecrets"]
    secrets = [secret["Ref"] for entry in reads for secret in entry["Resource"]]
    expected = ["OpenStackSecret"] * ZONES[zone].openstack + ["AgentSecret"] * ZONES[zone].agents
    assert secrets == expected


def test_only_the_sweep_looks_at_executions():
    looks = {zone for zone in ZONES if "states:DescribeExecution" in allowed(zone, "states")}
    assert looks == {"reconcile"}


def test_the_workflows_call_steps_and_nothing_else():
    policy = RESOURCES["WorkflowRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    calls, log_and_trace = policy["Statement"]
    assert calls["Action"] == "lambda:InvokeFunction"
    assert all("*" not in json.dumps(arn) for arn in calls["Resource"])
    assert {action.partition(":")[0] for action in log_and_trace["Action"]} == {"logs", "xray"}


@pytest.mark.parametrize("endpoint", ["DynamoDbEndpoint", "SecretsEndpoint", "WorkflowsEndpoint"])
def test_endpoints_let_through_what_these_functions_may_do(endpoint):
    (statement,) = RESOURCES[endpoint]["Properties"]["PolicyDocument"]["Statement"]
    service = statement["Action"][0].partition(":")[0]
    inside = {a for zone in ZONES if ZONES[zone].in_vpc for a in allowed(zone, service)}
    assert set(statement["Action"]) == inside
    assert all(resource != "*" for resource in statement["Resource"])
