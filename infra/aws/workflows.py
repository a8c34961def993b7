"""The state machines, from the ASL files beside this module."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from infra.aws.functions import logical_id
from infra.aws.names import NAME_PREFIX, function_arn, sub, workflow_id

DEFINITIONS = Path(__file__).parent
_SUFFIX = ".asl.json"
_PLACEHOLDER = re.compile(r"\$\{(\w+)FunctionArn\}")
_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


def definitions() -> dict[str, str]:
    """Return the text of each workflow's definition, by the workflow's name."""
    return {
        path.name.removesuffix(_SUFFIX): path.read_text(encoding="utf-8")
        for path in sorted(DEFINITIONS.glob(f"*{_SUFFIX}"))
    }


def placeholders(definition: str) -> set[str]:
    """Return the functions that a definition names, as in `PrepareRequest`."""
    return set(_PLACEHOLDER.findall(definition))


def function_name(placeholder: str) -> str:
    """Return the function that `PrepareRequest` of `${PrepareRequestFunctionArn}` stands for."""
    return _WORD_START.sub("_", placeholder).lower()


def with_arns(definition: str, arn_prefix: str) -> str:
    """Return the definition with the functions' ARNs in place of the placeholders."""
    return _PLACEHOLDER.sub(lambda found: arn_prefix + function_name(found.group(1)), definition)


def workflow_resources(log_days: int) -> dict[str, Any]:
    """Return the state machines, their role and their log."""
    return {
        "WorkflowLogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                # Names below /aws/vendedlogs keep the log's resource policy short.
                "LogGroupName": sub(f"/aws/vendedlogs/states/{NAME_PREFIX}workflows"),
                "RetentionInDays": log_days,
            },
        },
        "WorkflowRole": _role(),
    } | {
        workflow_id(workflow): _machine(workflow, text) for workflow, text in definitions().items()
    }


def _machine(workflow: str, definition: str) -> dict[str, Any]:
    arns = {
        f"{placeholder}FunctionArn": {"Fn::GetAtt": [logical_id(function_name(placeholder)), "Arn"]}
        for placeholder in sorted(placeholders(definition))
    }
    one_line = json.dumps(json.loads(definition), separators=(",", ":"))
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": sub(NAME_PREFIX + workflow),
            "StateMachineType": "STANDARD",
            "RoleArn": {"Fn::GetAtt": ["WorkflowRole", "Arn"]},
            "DefinitionString": {"Fn::Sub": [one_line, arns]},
            # Of executions that fail, and without what they carry.
            "LoggingConfiguration": {
                "Level": "ERROR",
                "IncludeExecutionData": False,
                "Destinations": [
                    {
                        "CloudWatchLogsLogGroup": {
                            "LogGroupArn": {"Fn::GetAtt": ["WorkflowLogGroup", "Arn"]}
                        }
                    }
                ],
            },
            "TracingConfiguration": {"Enabled": True},
        },
    }


def _role() -> dict[str, Any]:
    steps = sorted(
        {function_name(name) for text in definitions().values() for name in placeholders(text)}
    )
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "states.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
                        },
                    }
                ],
            },
            "Policies": [
                {
                    "PolicyName": "RunSteps",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": _rights(steps)},
                }
            ],
        },
    }


def _rights(steps: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "Sid": "CallSteps",
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": [function_arn(step) for step in steps],
        },
        {
            # Neither log deliveries nor X-Ray know resources.
            "Sid": "LogAndTrace",
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ],
            "Resource": "*",
        },
    ]
