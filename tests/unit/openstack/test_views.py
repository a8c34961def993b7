"""What Nova and Neutron say, read into the port's dataclasses."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from chalicelib.adapters.openstack import views
from chalicelib.domain.errors import CloudRefused, CloudUnreachable
from chalicelib.services.cloud_ports import ServerStatus

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MARK = views.Mark("be-gent1-bi-vm1")


def nova_server(status="ACTIVE", task_state=None, **fields):
    return SimpleNamespace(
        **{
            "id": "s1",
            "status": status,
            "task_state": task_state,
            "metadata": {"resource_id": "r1"},
            "created_at": "2026-01-01T00:00:00Z",
            "fault": None,
            "tags": ["r1", MARK.tag],
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("status", "task_state", "expected"),
    [
        ("BUILD", "scheduling", ServerStatus.SCHEDULING),
        ("BUILD", None, ServerStatus.SCHEDULING),
        ("BUILD", "networking", ServerStatus.SPAWNING),
        ("BUILD", "block_device_mapping", ServerStatus.SPAWNING),
        ("BUILD", "spawning", ServerStatus.SPAWNING),
        ("BUILD", "deleting", ServerStatus.DELETING),
        ("ACTIVE", None, ServerStatus.ACTIVE),
        ("ACTIVE", "reboot_started_hard", ServerStatus.REBOOTING),
        ("ACTIVE", "deleting", ServerStatus.DELETING),
        ("REBOOT", "rebooting", ServerStatus.REBOOTING),
        ("HARD_REBOOT", "rebooting_hard", ServerStatus.REBOOTING),
        ("SHUTOFF", None, ServerStatus.STOPPED),
        ("PAUSED", None, ServerStatus.STOPPED),
        ("ERROR", None, ServerStatus.ERROR),
        ("ERROR", "deleting", ServerStatus.DELETING),
        ("SOFT_DELETED", None, ServerStatus.DELETING),
    ],
)
def test_statuses(status, task_state, expected):
    assert views.to_server(nova_server(status, task_state), NOW).status is expected


def test_a_fault_is_read_for_error_only():
    fault = {"code": 500, "message": "No valid host was found. ", "details": "Traceback /usr"}
    failed = views.to_server(nova_server("ERROR", fault=fault), NOW)
    assert "choose a smaller flavor" in failed.fault
    assert "Traceback" not in failed.fault
    assert views.to_server(nova_server("ACTIVE", fault=fault), NOW).fault is None


def test_deleted_and_foreign_servers_are_absent():
    servers = [
        nova_server("DELETED"),
        nova_server(tags=["someone-else"]),
        nova_server(tags=None),
        nova_server(id="s2"),
    ]
    assert [server.id for server in views.with_tag(servers, "r1")] == ["s2"]


def test_a_cell_that_is_down_is_not_taken_for_absence():
    with pytest.raises(CloudUnreachable):
        views.with_tag([nova_server("UNKNOWN", tags=None)], "r1")


@pytest.mark.parametrize(
    ("description", "owner"),
    [
        ("slices-bi:be-gent1-bi-vm1 r_1", "r_1"),
        ("slices-bi:be-gent1-bi-vm10 r_1", None),
        ("slices-bi:be-gent1-bi-vm1", None),
        ("", None),
        (None, None),
    ],
)
def test_descriptions_name_owners_of_this_infrastructure_only(description, owner):
    assert MARK.owner(description) == owner


def test_marks_fit_into_novas_tags():
    longest = views.Mark("a" * 30)
    assert len(longest.tag) <= 60
    assert not set(longest.tag) & set("/,")


def test_lists_are_bounded_not_cut():
    assert len(views.bounded(range(views.MAX_ENTRIES))) == views.MAX_ENTRIES
    with pytest.raises(CloudRefused):
        views.bounded(range(views.MAX_ENTRIES + 1))


@pytest.mark.parametrize(
    "text", ["2026-01-01T10:00:00Z", "2026-01-01T10:00:00", "2026-01-01T12:00:00+02:00"]
)
def test_times_are_in_utc(text):
    assert views.moment(text, NOW) == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_an_unknown_time_is_now():
    assert views.moment(None, NOW) == NOW
