"""What a log line holds, and what it cannot hold."""

from __future__ import annotations

import io
import json
import logging
import math
import re
from collections.abc import Iterator

import pytest

from chalicelib import metrics
from chalicelib.domain.errors import CloudUnreachable
from chalicelib.domain.ids import IdKind, derived_uuid, make_id
from chalicelib.logs.context import note, scope
from chalicelib.logs.events import METRICS_LOGGER, LoggedMetrics, log
from chalicelib.logs.formats import JsonFormatter, TextFormatter, is_worth_reading
from chalicelib.logs.safe import MAX_TEXT, sentence

LOGGER = logging.getLogger("chalicelib.test_lines")
TASK = make_id(IdKind.TASK, "tld-city-bp1", derived_uuid("tests", "task"))
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImF1ZCI6InNpdGUifQ.c2lnbmF0dXJlMTIzNDU2Nzg5MFhZ"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    yield from _capturing(JsonFormatter("tld-city-bp1"))


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    yield from _capturing(TextFormatter())


def _capturing(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    if isinstance(formatter, TextFormatter):
        handler.addFilter(is_worth_reading)
    for logger in (LOGGER, METRICS_LOGGER):
        logger.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    yield stream
    LOGGER.setLevel(logging.NOTSET)
    for logger in (LOGGER, METRICS_LOGGER):
        logger.removeHandler(handler)


def only_line(stream: io.StringIO):
    (line,) = stream.getvalue().splitlines()
    return json.loads(line)


def test_a_line_is_one_json_object(written):
    with scope(task_id=TASK):
        note(resource_id="r")
        log(LOGGER, logging.INFO, "step", outcome="done", status=200)
    line = only_line(written)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {
        "level": "INFO", "logger": LOGGER.name, "message": "step",
        "task_id": TASK, "resource_id": "r", "outcome": "done", "status": 200,
    }  # fmt: skip


def test_a_field_that_is_not_on_the_list_is_an_error():
    with pytest.raises(TypeError, match="authorization"):
        log(LOGGER, logging.INFO, "x", authorization="secret")
    with pytest.raises(TypeError, match="body"), scope(body="secret"):
        pass


def test_what_is_not_a_field_does_not_come_out(written):
    LOGGER.info("x", extra={"event": {"Authorization": "secret"}})
    assert "secret" not in written.getvalue()


def test_a_scope_ends_with_its_block(written):
    with scope(task_id=TASK):
        pass
    note(task_id=TASK)
    log(LOGGER, logging.INFO, "x")
    assert "task_id" not in only_line(written)


@pytest.mark.parametrize("make", ["written", "printed"])
def test_text_from_outside_cannot_forge_a_line(request, make):
    stream = request.getfixturevalue(make)
    log(LOGGER, logging.INFO, "x", reason='a\r\nERROR b\u2028c\x1b[31m\x7f"}')
    (line,) = stream.getvalue().splitlines()
    assert line.isprintable()


def test_text_is_bounded(written):
    log(LOGGER, logging.INFO, "x", reason="no " * 10_000)
    assert len(only_line(written)["reason"]) <= MAX_TEXT + 3


@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        "dGhpcyBpcyBhIHNlY3JldCB0aGF0IGlzIGxvbmcxMjM0",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBtaGrM31h0B0UCfkF7h1yOq8eHyJcZLs1Vk9sTjbn8b",
        "0123456789abcdef" * 4,
        "gAAAAABmZ-WxYzAbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
    ],
)
def test_what_looks_secret_is_redacted(secret):
    shown = sentence(f"the cloud says: {secret}, no")
    assert secret.split()[-1] not in shown
    assert "[redacted]" in shown


def test_users_and_queries_of_urls_are_redacted():
    shown = sentence("GET https://me:pass@cloud.example/v3/x?token=abc failed")
    assert "pass" not in shown
    assert "abc" not in shown
    assert "failed" in shown


@pytest.mark.parametrize(
    "text", [TASK, f"task {TASK} waits", "0192d3a4-0000-7000-8000-00000000abcd", "/servers/x/y"]
)
def test_identifiers_and_paths_stay(text):
    assert sentence(text) == text


def raise_and_log(error: Exception) -> None:
    def inner(token: str) -> None:
        assert token
        raise error

    try:
        inner(TOKEN)
    except Exception:
        LOGGER.exception("it failed")


def test_an_exception_of_ours_says_why(written):
    raise_and_log(CloudUnreachable("OpenStack does not answer."))
    line = only_line(written)
    assert (line["error"], line["reason"]) == ("CloudUnreachable", "OpenStack does not answer.")
    assert line["where"][-1].endswith(" inner")


def test_an_exception_of_others_says_where_only(written):
    raise_and_log(RuntimeError("password=hunter2"))
    line = only_line(written)
    assert line["error"] == "RuntimeError"
    assert "reason" not in line
    assert "hunter2" not in written.getvalue()
    assert TOKEN not in written.getvalue()


def test_metrics_are_embedded_as_cloudwatch_reads_them(written):
    values = {metrics.REQUESTS: 1.0, metrics.REQUEST_LATENCY: 2.5}
    LoggedMetrics().record(values, Status="2xx", Operation="show_task")
    line = only_line(written)
    assert isinstance(line["_aws"]["Timestamp"], int)
    assert line["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "SlicesBI",
            "Dimensions": [["InfraId", "Status"]],
            "Metrics": [{"Name": "Requests", "Unit": "Count"}],
        },
        {
            "Namespace": "SlicesBI",
            "Dimensions": [["InfraId", "Operation"]],
            "Metrics": [{"Name": "RequestLatency", "Unit": "Milliseconds"}],
        },
    ]
    assert (line["InfraId"], line["Status"], line["Requests"]) == ("tld-city-bp1", "2xx", 1.0)
    assert math.isclose(line["RequestLatency"], 2.5)


def test_metrics_survive_a_level_that_hides_their_line(written):
    LOGGER.setLevel(logging.ERROR)
    measured = ({metrics.TASKS_PARKED: 1.0}, {})
    log(LOGGER, logging.INFO, "x", measured=measured, task_id=TASK)
    assert only_line(written)["TasksParked"] == 1.0


def test_metrics_cost_a_persons_console_nothing(printed):
    LoggedMetrics().record({metrics.TASKS_PARKED: 1})
    assert printed.getvalue() == ""


def test_a_metric_without_its_dimension_is_an_error():
    with pytest.raises(TypeError, match="Agent"):
        LoggedMetrics().record({metrics.BREAKER_OPENS: 1})


def test_metrics_have_names_of_their_own():
    names = [metric.name for metric in metrics.METRICS]
    assert len(set(names)) == len(names)
    assert all(metric.meaning.endswith(".") for metric in metrics.METRICS)
