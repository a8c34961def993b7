"""What executions of a workflow share, and what they do not."""

from __future__ import annotations

import re
import threading

import pytest
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.parse.asl_parser import (
    AmazonStateLanguageParser,
    ASLParserException,
)

from infra.local.aws import local_aws
from infra.local.interpreter import light_interpreter

DEFINITION = '{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}'


@pytest.fixture
def light():
    with local_aws(), light_interpreter():
        yield


def told(program):
    """Return what a program says of itself, without where its parts are in memory."""
    return re.sub(r"0x[0-9a-f]+", "", str(program))


@pytest.mark.usefixtures("light")
def test_each_execution_has_a_program_of_its_own_made_from_one_tree():
    (first, tree), (second, again) = (AmazonStateLanguageParser.parse(DEFINITION) for _ in range(2))
    assert tree is again
    assert first is not second
    assert told(first) == told(second)
    other, _ = AmazonStateLanguageParser.parse(DEFINITION.replace("End", "Stop"))
    assert told(other) != told(first)


@pytest.mark.usefixtures("light")
def test_a_wrong_definition_is_refused_each_time():
    for _ in range(2):
        with pytest.raises(ASLParserException):
            AmazonStateLanguageParser.parse('{"StartAt": }')


@pytest.mark.usefixtures("light")
def test_steps_share_one_client_though_many_ask_at_once():
    clients = []

    def ask():
        clients.append(
            lambda_eval_utils.boto_client_for(
                service="lambda", region="eu-west-1", state_credentials=object()
            )
        )

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clients) == 8
    assert {id(client) for client in clients} == {id(clients[0])}


def test_no_client_outlives_the_mock():
    clients = []
    for _ in range(2):
        with local_aws(), light_interpreter():
            clients.append(lambda_eval_utils.boto_client_for(service="lambda", region="eu-west-1"))
    assert clients[0] is not clients[1]


def test_moto_is_as_it_was_when_the_block_has_ended():
    before = AmazonStateLanguageParser.parse, lambda_eval_utils.boto_client_for
    with light_interpreter():
        assert AmazonStateLanguageParser.parse is not before[0]
        assert lambda_eval_utils.boto_client_for is not before[1]
    assert (AmazonStateLanguageParser.parse, lambda_eval_utils.boto_client_for) == before
