"""The alarms: what an operator is told of, through one topic; docs/how-to/run-on-aws.md."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.dynamodb.tables import Tables
from chalicelib.metrics import (
    CLOUD_UNREACHABLE,
    NAMESPACE,
    ORPHANS_FOUND,
    SITE_DIMENSION,
    STEP_FAILURES,
    TASKS_PARKED,
    Metric,
)
from infra.aws.chalice_config import API_STAGE
from infra.aws.functions import SCHEDULES, logical_id
from infra.aws.names import NAME_PREFIX, sub, table_id, workflow_id
from infra.aws.workflows import definitions

MINUTE = 60

Alarm = dict[str, Any]


def alarm_parameters() -> dict[str, Any]:
    """Return where alarms go."""
    return {
        "AlarmEmail": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": r"^([^@\s]+@[^@\s]+)?$",
            "ConstraintDescription": "must be an address, or nothing",
            "Description": "Mail address that alarms go to (it must confirm); empty: subscribe "
            "to the topic yourself.",
        }
    }


def alarm_conditions() -> dict[str, Any]:
    """Return the conditions of the alarms."""
    return {"HasAlarmEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}}


def alarm_resources() -> dict[str, Any]:
    """Return the topic and the alarms."""
    return {
        "AlarmTopic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": sub(f"{NAME_PREFIX}alarms")},
        },
        "AlarmMail": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "HasAlarmEmail",
            "Properties": {
                "TopicArn": {"Ref": "AlarmTopic"},
                "Protocol": "email",
                "Endpoint": {"Ref": "AlarmEmail"},
            },
        },
    } | _alarms()


def _alarms() -> dict[str, Alarm]:
    return _workflow_alarms() | _schedule_alarms() | _site_alarms() | _edge_alarms() | _throttles()


def _workflow_alarms() -> dict[str, Alarm]:
    """A step that fails parks its task; an execution that fails is a mistake of the machine."""
    return {
        f"{workflow_id(workflow)}Failed": _alarm(
            f"{workflow}-failed",
            f"An execution of {workflow} failed or timed out. Its task resumes by itself; read "
            "why in the log of workflows.",
            metrics=[
                _metric("failed", "AWS/States", "ExecutionsFailed", _machine(workflow)),
                _metric("timed", "AWS/States", "ExecutionsTimedOut", _machine(workflow)),
                _sum("failed + timed"),
            ],
        )
        for workflow in definitions()
    }


def _machine(workflow: str) -> dict[str, Any]:
    return {"StateMachineArn": {"Ref": workflow_id(workflow)}}


def _schedule_alarms() -> dict[str, Alarm]:
    """Most runs of ten minutes failed; of the catalog's few, two within an hour."""
    usual = {"Threshold": 2, "EvaluationPeriods": 2, "TreatMissingData": "breaching"}
    hourly = {"EvaluationPeriods": 12, "DatapointsToAlarm": 2}
    return {
        f"{logical_id(name)}Failing": _alarm(
            f"{name}-failing",
            f"{name} fails again and again, or does not run: read its log.",
            metrics=[
                _metric(
                    "errors",
                    "AWS/Lambda",
                    "Errors",
                    {"FunctionName": {"Ref": logical_id(name)}},
                    shown=True,
                )
            ],
            **(hourly if name == "catalog_sync" else usual),
        )
        for name in SCHEDULES
    }


def _site_alarms() -> dict[str, Alarm]:
    tunnel = {"VpnId": {"Ref": "VpnConnection"}}
    return {
        "TunnelDown": _alarm(
            "tunnel-down",
            "Both tunnels to the lab are down: nothing can be built or removed, tasks are parked.",
            metrics=[_metric("state", "AWS/VPN", "TunnelState", tunnel, "Maximum", shown=True)],
            ComparisonOperator="LessThanOrEqualToThreshold",
            TreatMissingData="breaching",
        ),
        "TunnelDegraded": _alarm(
            "tunnel-degraded",
            "One of the two tunnels to the lab has been down for half an hour.",
            metrics=[_metric("state", "AWS/VPN", "TunnelState", tunnel, "Maximum", shown=True)],
            ComparisonOperator="LessThanThreshold",
            Threshold=1,
            EvaluationPeriods=6,
        ),
        "OrphansFound": _alarm(
            "orphans-found",
            "The sweep found something of ours in OpenStack that belongs to nobody. It removes "
            "it; find out where it came from.",
            metrics=[_own(ORPHANS_FOUND)],
        ),
        "CloudUnreachable": _alarm(
            "cloud-unreachable",
            "OpenStack has not answered the sweep for ten minutes.",
            metrics=[_own(CLOUD_UNREACHABLE, "Minimum")],
            EvaluationPeriods=2,
        ),
        "TasksParkedLong": _alarm(
            "tasks-parked-long",
            "Tasks have been parked again and again for half an hour: something that they wait "
            "for does not come back.",
            metrics=[_own(TASKS_PARKED)],
            EvaluationPeriods=6,
        ),
        "UnexpectedStepFailure": _alarm(
            "unexpected-step-failure",
            "A workflow step raised what it should not: a mistake of this software.",
            metrics=[_own(STEP_FAILURES, Error="Unexpected")],
        ),
    }


def _edge_alarms() -> dict[str, Alarm]:
    api = {"ApiName": sub(f"{NAME_PREFIX}api"), "Stage": API_STAGE}
    return {
        "ApiErrors": _alarm(
            "api-errors",
            "The API answered 5xx more than five times in five minutes.",
            metrics=[_metric("errors", "AWS/ApiGateway", "5XXError", api, shown=True)],
            Threshold=5,
        )
    }


def _throttles() -> dict[str, Alarm]:
    """Lambda's count has no dimension: it is the account's, whose limit all functions share."""
    alarms = {
        "FunctionsThrottled": _alarm(
            "functions-throttled",
            "Lambda refused to start functions: the account's concurrency is used up.",
            metrics=[_metric("throttles", "AWS/Lambda", "Throttles", {}, shown=True)],
        )
    }
    for kind in ("Read", "Write"):
        names = list(Tables.__struct_fields__)
        alarms[f"{kind}sThrottled"] = _alarm(
            f"{kind.lower()}s-throttled",
            f"DynamoDB refused {kind.lower()}s of a table for their rate.",
            metrics=[
                *(
                    _metric(
                        name,
                        "AWS/DynamoDB",
                        f"{kind}ThrottleEvents",
                        {"TableName": {"Ref": table_id(name)}},
                    )
                    for name in names
                ),
                _sum("SUM(METRICS())"),
            ],
        )
    return alarms


def _own(metric: Metric, statistic: str = "Sum", **dimensions: str) -> dict[str, Any]:
    """Return one of the metrics that the code writes into its log."""
    values: dict[str, Any] = {SITE_DIMENSION: {"Ref": "InfraId"}, **dimensions}
    return _metric("value", NAMESPACE, metric.name, values, statistic, shown=True)


def _metric(
    identifier: str,
    namespace: str,
    name: str,
    dimensions: dict[str, Any],
    statistic: str = "Sum",
    *,
    shown: bool = False,
) -> dict[str, Any]:
    return {
        "Id": identifier,
        "ReturnData": shown,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            },
            "Period": 5 * MINUTE,
            "Stat": statistic,
        },
    }


def _sum(expression: str) -> dict[str, Any]:
    return {"Id": "total", "Expression": expression, "ReturnData": True}


def _alarm(name: str, text: str, metrics: list[dict[str, Any]], **properties: Any) -> Alarm:
    """Return an alarm: above zero in the last five minutes, unless said otherwise."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": sub(NAME_PREFIX + name),
            "AlarmDescription": text,
            "Metrics": metrics,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "AlarmTopic"}],
            "OKActions": [{"Ref": "AlarmTopic"}],
            **properties,
        },
    }
