"""The metrics: their names are a contract with the alarms and dashboards that read them.

METRICS is the documented table; docs/reference/observability.md is generated from it (make docs).
Every metric also has the dimension InfraId (the setting INFRA_ID), so that two sites in one account
do not disturb each other. Each combination of name and dimension values is billed as one metric:
dimensions take values from short, known lists, never from users.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

NAMESPACE = "SlicesBI"
SITE_DIMENSION = "InfraId"


class Unit(StrEnum):
    """Units, in CloudWatch's words."""

    COUNT = "Count"
    SECONDS = "Seconds"
    MILLISECONDS = "Milliseconds"
    BITS_PER_SECOND = "Bits/Second"
    NONE = "None"


class Metric(Struct, frozen=True):
    """One metric: name, unit, dimensions beside InfraId, and what a value means."""

    name: str
    unit: Unit
    meaning: str
    dimensions: tuple[str, ...] = ()


class Metrics(Protocol):
    """Where use cases put what they count."""

    def record(self, values: Mapping[Metric, float], **dimensions: str) -> None:
        """Record values taken at this moment, with a value for each dimension that they have."""


REQUESTS = Metric(
    "Requests", Unit.COUNT, "HTTP requests by the answer's status: 2xx, 3xx, 4xx, 5xx.", ("Status",)
)
REQUEST_LATENCY = Metric(
    "RequestLatency",
    Unit.MILLISECONDS,
    "Time in the API function, by operation (`operationId` of the OpenAPI document).",
    ("Operation",),
)

_ACTION = ("Action",)
TASKS_ACCEPTED = Metric(
    "TasksAccepted", Unit.COUNT, "Tasks begun, by users' orders and at expiry.", _ACTION
)
TASKS_FINISHED = Metric("TasksFinished", Unit.COUNT, "Tasks that did what was asked.", _ACTION)
TASKS_FAILED = Metric("TasksFailed", Unit.COUNT, "Tasks that ended without it.", _ACTION)
TASKS_PARKED = Metric(
    "TasksParked",
    Unit.COUNT,
    "How often a task was left waiting for OpenStack or the lab; it resumes by itself.",
)
TIME_TO_UP = Metric("TimeToUp", Unit.SECONDS, "From the accepted request to the VM that is up.")
STEP_FAILURES = Metric(
    "StepFailures",
    Unit.COUNT,
    "Steps and runs of schedules that raised; `Unexpected` is a mistake of this software.",
    ("Error",),
)

ORPHANS_FOUND = Metric(
    "OrphansFound", Unit.COUNT, "Servers, ports and floating IPs of ours that belong to nobody."
)
ORPHANS_REMOVED = Metric("OrphansRemoved", Unit.COUNT, "Those of them that the sweep deleted.")
TASKS_RESUMED = Metric("TasksResumed", Unit.COUNT, "Tasks that the sweep started again.")
RESOURCES_EXPIRED = Metric("ResourcesExpired", Unit.COUNT, "Resources whose time was up.")
RESOURCES_LOST = Metric(
    "ResourcesLost", Unit.COUNT, "Resources whose VM broke down or vanished in OpenStack."
)
CLOUD_UNREACHABLE = Metric(
    "CloudUnreachable", Unit.COUNT, "1 for a sweep that OpenStack did not answer, else 0."
)
CATALOG_AGE = Metric("CatalogAge", Unit.SECONDS, "Time since the catalog was last checked.")

_AGENT, _QKD_LINK = ("Agent",), ("QKDLink",)
AGENT_UNREACHABLE = Metric(
    "AgentUnreachable", Unit.COUNT, "1 for a reading that the QKD agent did not answer, else 0.",
    _AGENT,
)  # fmt: skip
BREAKER_OPENS = Metric(
    "BreakerOpens", Unit.COUNT, "How often an agent was left alone for repeated failures.", _AGENT
)
QBER = Metric("QBER", Unit.NONE, "Quantum bit error rate, 0 to 0.5.", _QKD_LINK)
SECRET_KEY_RATE = Metric(
    "SecretKeyRate", Unit.BITS_PER_SECOND, "Secret key rate after post-processing.", _QKD_LINK
)
STORED_KEYS = Metric("StoredKeys", Unit.COUNT, "Keys in stock.", _QKD_LINK)

METRICS: tuple[Metric, ...] = (
    REQUESTS,
    REQUEST_LATENCY,
    TASKS_ACCEPTED,
    TASKS_FINISHED,
    TASKS_FAILED,
    TASKS_PARKED,
    TIME_TO_UP,
    STEP_FAILURES,
    ORPHANS_FOUND,
    ORPHANS_REMOVED,
    TASKS_RESUMED,
    RESOURCES_EXPIRED,
    RESOURCES_LOST,
    CLOUD_UNREACHABLE,
    CATALOG_AGE,
    AGENT_UNREACHABLE,
    BREAKER_OPENS,
    QBER,
    SECRET_KEY_RATE,
    STORED_KEYS,
)
