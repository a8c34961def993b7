"""The status tables are sound."""

from __future__ import annotations

import pytest

from chalicelib.domain.statuses import (
    BUILDING_STATUSES,
    CLOSED_TASK_STATUSES,
    LIVE_STATUSES,
    NEXT_STATUSES,
    STATUS_MEANINGS,
    TASK_NEXT_STATUSES,
    ResourceStatus,
    TaskStatus,
)


def reachable(table, start):
    """Return every status that some path leads to."""
    found, waiting = {start}, [start]
    while waiting:
        for status in table[waiting.pop()] - found:
            found.add(status)
            waiting.append(status)
    return found


def test_every_status_has_a_row_and_a_meaning():
    assert set(NEXT_STATUSES) == set(STATUS_MEANINGS) == set(ResourceStatus)
    assert set(TASK_NEXT_STATUSES) == set(TaskStatus)
    assert all(STATUS_MEANINGS.values())


def test_every_status_can_be_reached():
    assert reachable(NEXT_STATUSES, ResourceStatus.REQUESTED) == set(ResourceStatus)
    assert reachable(TASK_NEXT_STATUSES, TaskStatus.PENDING) == set(TaskStatus)


def test_terminal_statuses_absorb():
    assert not NEXT_STATUSES[ResourceStatus.TERMINATED]
    assert {s for s in TaskStatus if not TASK_NEXT_STATUSES[s]} == CLOSED_TASK_STATUSES


def test_a_failed_resource_can_only_be_removed():
    assert NEXT_STATUSES[ResourceStatus.FAILED] == {ResourceStatus.TERMINATING}


@pytest.mark.parametrize("status", sorted(set(ResourceStatus) - {ResourceStatus.TERMINATED}))
def test_every_status_but_the_last_can_be_removed(status):
    assert ResourceStatus.TERMINATED in reachable(NEXT_STATUSES, status)


def test_only_ended_resources_have_no_cloud_side():
    assert set(ResourceStatus) - LIVE_STATUSES == {
        ResourceStatus.TERMINATED,
        ResourceStatus.FAILED,
    }
    assert BUILDING_STATUSES < LIVE_STATUSES
