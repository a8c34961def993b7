"""The alarms as rows of the reference page, read from the template's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.aws.alarms import alarm_resources
from infra.aws.names import NAME_PREFIX

_SIGNS = {
    "GreaterThanThreshold": ">",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}
_MISSING = {"notBreaching": "fine", "breaching": "wrong"}


def alarms() -> Iterator[tuple[str, ...]]:
    """Return name, metrics, condition, what missing values count as, and text of each alarm."""
    for resource in alarm_resources().values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            properties = resource["Properties"]
            yield (
                f"`{properties['AlarmName']['Fn::Sub'].removeprefix(NAME_PREFIX)}`",
                ", ".join(f"`{name}`" for name in _metrics(properties)),
                _condition(properties),
                _MISSING[properties["TreatMissingData"]],
                properties["AlarmDescription"],
            )


def _metrics(properties: dict[str, Any]) -> list[str]:
    """Return namespace and name of each metric; one that is asked of many things stands once."""
    measured = [one["MetricStat"]["Metric"] for one in properties["Metrics"] if "MetricStat" in one]
    return list(dict.fromkeys(f"{one['Namespace']} {one['MetricName']}" for one in measured))


def _condition(properties: dict[str, Any]) -> str:
    stat = next(one["MetricStat"] for one in properties["Metrics"] if "MetricStat" in one)
    periods = properties["EvaluationPeriods"]
    wrong = properties.get("DatapointsToAlarm", periods)
    minutes = stat["Period"] // 60
    sign = _SIGNS[properties["ComparisonOperator"]]
    what = f"{stat['Stat'].lower()} of {minutes} min {sign} {properties['Threshold']}"
    if periods == 1:
        return what
    return f"{what}, {wrong} times in {periods}" if wrong != periods else f"{what}, {wrong} times"
