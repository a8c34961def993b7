"""What the created stack must have, asked from (mock) AWS and compared with the template."""

from __future__ import annotations

import json
from typing import Any

from moto.stepfunctions.models import stepfunctions_backends

from chalicelib.adapters.aws_clients import make_client
from infra.aws.rehearsal.report import Finding
from infra.local.aws import ACCOUNT_ID, REGION

Template = dict[str, Any]


def _of_type(template: Template, kind: str) -> dict[str, Any]:
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def check_functions(template: Template, runtime: str) -> None:
    """Compare the functions.

    Raises:
        Finding: one is missing or different.
    """
    wanted = {
        properties["Handler"]: properties
        for properties in _of_type(template, "AWS::Lambda::Function").values()
    }
    found = {}
    for page in make_client("lambda").get_paginator("list_functions").paginate():
        found.update({one["Handler"]: one for one in page["Functions"]})
    mistakes = [f"{handler} was not made" for handler in sorted(wanted.keys() - found.keys())]
    for handler in sorted(wanted.keys() & found.keys()):
        want, got = wanted[handler], found[handler]
        variables = got.get("Environment", {}).get("Variables", {})
        unfilled = [name for name, value in variables.items() if "${" in str(value)]
        for what, is_right in (
            ("runtime", got["Runtime"] == runtime),
            ("memory", got["MemorySize"] == want["MemorySize"]),
            ("timeout", got["Timeout"] == want["Timeout"]),
            ("variables", variables.keys() == want["Environment"]["Variables"].keys()),
            (f"references in {unfilled}", not unfilled),
            (
                "subnets",
                len(got.get("VpcConfig", {}).get("SubnetIds", []))
                == len(want.get("VpcConfig", {}).get("SubnetIds", [])),
            ),
        ):
            if not is_right:
                mistakes.append(f"{handler}: wrong {what}")
    if mistakes:
        raise Finding("\n".join(mistakes))


def check_tables(template: Template) -> None:
    """Compare tables with their indexes, and schedules with their functions.

    Raises:
        Finding: one is missing or different.
    """
    client, mistakes = make_client("dynamodb"), []
    wanted = sorted(
        sorted(index["IndexName"] for index in properties.get("GlobalSecondaryIndexes", []))
        for properties in _of_type(template, "AWS::DynamoDB::Table").values()
    )
    found = []
    for name in client.list_tables()["TableNames"]:
        table = client.describe_table(TableName=name)["Table"]
        found.append(
            sorted(index["IndexName"] for index in table.get("GlobalSecondaryIndexes", []))
        )
    if sorted(found) != wanted:
        mistakes.append(f"tables' indexes are {found}, not {wanted}")
    rules = make_client("events").list_rules()["Rules"]
    expected = sorted(
        properties["ScheduleExpression"]
        for properties in _of_type(template, "AWS::Events::Rule").values()
    )
    if sorted(rule["ScheduleExpression"] for rule in rules) != expected:
        mistakes.append(f"schedules are {rules}, not {expected}")
    if mistakes:
        raise Finding("\n".join(mistakes))


def definitions_of_stack() -> dict[str, str]:
    """Return the definitions as deployed, by the machine's name.

    moto keeps machines from CloudFormation apart from those that it can run, and shows them nowhere
    but in its own store; the rehearsal makes them again through the API.

    Raises:
        Finding: there is none.
    """
    machines = stepfunctions_backends[ACCOUNT_ID][REGION].state_machines
    if not machines:
        raise Finding("no state machine was made")
    # Written out again: moto's interpreter does not read JSON's escapes.
    return {str(one.name): json.dumps(json.loads(one.definition)) for one in machines}
