"""The control face takes an id to log only in a form that cannot spoil a log."""

from __future__ import annotations

import logging

import pytest

from infra.onprem.qkd_agent.control_face.call_log import correlation_id, logged
from infra.onprem.qkd_agent.redaction import CALL_ATTRIBUTE
from infra.onprem.qkd_agent.web.messages import Request, Response
from infra.onprem.qkd_agent.web.router import Route

BAD = {
    "empty": "",
    "too long": "a" * 129,
    "a line of its own": "task-1\nlevel=ERROR forged",
    "carriage return": "task-1\r",
    "end of line": "task-1\n",
    "escape sequence": "\x1b[2J",
    "blank": "task 1",
    "JSON": '{"level": "ERROR"}',
    "beyond ASCII": "t\u00e4sk",
    "other digits": "\u0661\u0662",
}


def request(given):
    headers = {} if given is None else {"x-correlation-id": given}
    return Request("PUT", ("x",), {}, headers, b"", certificate=None)


@pytest.mark.parametrize("given", ["a", "a" * 128, "task_site_01h4x2b.C-9"])
def test_a_good_id_is_taken_as_it_is(given):
    assert correlation_id(request(given)) == given


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_id_is_left_out_and_the_call_is_answered(kind, caplog):
    (route,) = logged([Route("PUT", "/x", lambda _: Response(204, b""))])
    with caplog.at_level(logging.INFO):
        assert route.handler(request(BAD[kind])).status == 204
    (line,) = caplog.records
    call = getattr(line, CALL_ATTRIBUTE)
    assert call["correlation_id"] is None
    assert call["status"] == 204
    assert not BAD[kind] or BAD[kind] not in f"{line.getMessage()} {call}"


def test_no_id_is_fine():
    assert correlation_id(request(None)) is None
