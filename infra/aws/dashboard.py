"""The dashboard: one page that says how the site is."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.adapters.dynamodb.tables import Tables
from chalicelib.metrics import (
    AGENT_UNREACHABLE,
    CLOUD_UNREACHABLE,
    NAMESPACE,
    ORPHANS_FOUND,
    ORPHANS_REMOVED,
    QBER,
    REQUESTS,
    SECRET_KEY_RATE,
    SITE_DIMENSION,
    TASKS_FAILED,
    TASKS_FINISHED,
    TASKS_PARKED,
    TIME_TO_UP,
    Metric,
)
from infra.aws.chalice_config import API_STAGE
from infra.aws.names import NAME_PREFIX, sub
from infra.aws.workflows import definitions

_WIDTH, _HEIGHT, _COLUMNS = 8, 6, 3


def dashboard_resources() -> dict[str, Any]:
    """Return the dashboard."""
    widgets = [
        _widget(title, metrics, number) for number, (title, metrics) in enumerate(_graphs().items())
    ]
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": sub(f"{NAME_PREFIX}site"),
                "DashboardBody": sub(json.dumps({"widgets": widgets})),
            },
        }
    }


def _graphs() -> dict[str, list[Any]]:
    """Return the lines of each graph, in CloudWatch's notation."""
    api = ["ApiName", f"{NAME_PREFIX}api", "Stage", API_STAGE]
    machine = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:"
    return {
        "API: requests and errors": [
            ["AWS/ApiGateway", "Count", *api, {"stat": "Sum"}],
            ["AWS/ApiGateway", "4XXError", *api, {"stat": "Sum"}],
            ["AWS/ApiGateway", "5XXError", *api, {"stat": "Sum"}],
        ],
        "API: milliseconds": [
            ["AWS/ApiGateway", "Latency", *api, {"stat": "p50"}],
            ["AWS/ApiGateway", "Latency", *api, {"stat": "p95"}],
        ],
        "API: answers by status": [_found(REQUESTS, "Sum")],
        "Tasks": [_found(metric, "Sum") for metric in (TASKS_FINISHED, TASKS_FAILED, TASKS_PARKED)],
        "Seconds to a VM that is up": [_found(TIME_TO_UP, "p50"), _found(TIME_TO_UP, "p95")],
        "Workflows: failed executions": [
            [
                "AWS/States",
                "ExecutionsFailed",
                "StateMachineArn",
                f"{machine}{NAME_PREFIX}{workflow}",
                {"stat": "Sum", "label": workflow},
            ]
            for workflow in definitions()
        ],
        "Tunnel to the lab (1: both up)": [
            ["AWS/VPN", "TunnelState", "VpnId", "${VpnConnection}", {"stat": "Minimum"}]
        ],
        "OpenStack: orphans, unanswered sweeps": [
            _found(metric, "Sum") for metric in (ORPHANS_FOUND, ORPHANS_REMOVED, CLOUD_UNREACHABLE)
        ],
        "QKD: agents that do not answer": [_found(AGENT_UNREACHABLE, "Maximum")],
        "QKD: QBER": [_found(QBER, "Average")],
        "QKD: secret key rate, bit/s": [_found(SECRET_KEY_RATE, "Average")],
        "DynamoDB: used write units": [
            [
                "AWS/DynamoDB",
                "ConsumedWriteCapacityUnits",
                "TableName",
                f"{NAME_PREFIX}{table}",
                {"stat": "Sum", "label": table},
            ]
            for table in Tables.__struct_fields__
        ],
    }


def _found(metric: Metric, statistic: str) -> list[Any]:
    """Return a search for all lines of one of our metrics."""
    dimensions = ",".join((NAMESPACE, SITE_DIMENSION, *metric.dimensions))
    found = f'{{{dimensions}}} MetricName="{metric.name}" {SITE_DIMENSION}="${{InfraId}}"'
    return [{"expression": f"SEARCH('{found}', '{statistic}', 300)"}]


def _widget(title: str, metrics: list[Any], number: int) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": number % _COLUMNS * _WIDTH,
        "y": number // _COLUMNS * _HEIGHT,
        "width": _WIDTH,
        "height": _HEIGHT,
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "period": 300,
            "metrics": metrics,
        },
    }
