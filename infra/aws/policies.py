"""The rights of each trust zone, as a policy document with CloudFormation references inside.

Chalice puts the file into the role as it is, so references narrow every resource to this stack.
"""

from __future__ import annotations

from typing import Any

from infra.aws.functions import FUNCTIONS, Zone
from infra.aws.names import (
    AGENT_SECRET,
    OPENSTACK_SECRET,
    execution_arn,
    function_arn,
    log_group_arn,
    state_machine_arn,
    table_id,
)

Statement = dict[str, Any]

# Lambda's service acts with these rights of the function's role when it attaches it to the VPC.
VPC_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


def policy_document(name: str, zone: Zone) -> dict[str, Any]:
    """Return the policy of a zone."""
    members = [function for function, its_zone in FUNCTIONS.items() if its_zone == name]
    statements = [
        _allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [log_group_arn(function) for function in members],
        ),
        # X-Ray knows no resources.
        _allow("SendTraces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
        *(_table(table, actions) for table, actions in sorted(zone.tables.items())),
        *_workflows(zone),
    ]
    if zone.invokes:
        statements.append(
            _allow(
                "CallSteps", ["lambda:InvokeFunction"], [function_arn(one) for one in zone.invokes]
            )
        )
    secrets = [OPENSTACK_SECRET] * zone.openstack + [AGENT_SECRET] * zone.agents
    if secrets:
        statements.append(
            _allow(
                "ReadSecrets",
                ["secretsmanager:GetSecretValue"],
                [{"Ref": secret} for secret in secrets],
            )
        )
    if zone.in_vpc:
        statements += _network(members)
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(sid: str, actions: list[str], resources: Any) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _table(table: str, actions: tuple[str, ...]) -> Statement:
    arns: list[Any] = [{"Fn::GetAtt": [table_id(table), "Arn"]}]
    if "Query" in actions:
        arns.append({"Fn::Sub": f"${{{table_id(table)}.Arn}}/index/*"})
    sid = f"Table{''.join(word.capitalize() for word in table.split('_'))}"
    return _allow(sid, [f"dynamodb:{action}" for action in sorted(actions)], arns)


def _workflows(zone: Zone) -> list[Statement]:
    if not zone.starts:
        return []
    machines = [state_machine_arn(workflow) for workflow in zone.starts]
    executions = [execution_arn(workflow) for workflow in zone.starts]
    statements = [_allow("StartWorkflows", ["states:StartExecution"], machines)]
    if zone.sweeps:
        statements.append(_allow("SeeExecutions", ["states:DescribeExecution"], executions))
    return statements


def _network(members: list[str]) -> list[Statement]:
    """Return the rights for the VPC, and the rule that the functions' own code has none of them.

    Both follow AWS's guide: the actions know no resources that exist beforehand.
    """
    return [
        _allow("AttachToNetwork", list(VPC_ACTIONS), "*"),
        {
            "Sid": "KeepCodeFromNetwork",
            "Effect": "Deny",
            "Action": list(VPC_ACTIONS),
            "Resource": "*",
            "Condition": {
                "ArnEquals": {
                    "lambda:SourceFunctionArn": [function_arn(function) for function in members]
                }
            },
        },
    ]
