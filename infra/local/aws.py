"""AWS inside this process: moto, made safe for threads.

It is chosen by calling `local_aws`, never by what happens to be configured, and refuses to start
inside Lambda.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from moto import mock_aws
from moto.core.common_types import TYPE_RESPONSE
from moto.dynamodb.models.utilities import dynamo_json_dump
from moto.dynamodb.responses import DynamoHandler, DynamoResult

REGION = "eu-west-1"
ACCOUNT_ID = "123456789012"  # moto's own default account

# One lock for DynamoDB alone: a lock over all of moto would be held while a Lambda function runs
# in this process, and that function reads tables.
_DYNAMODB_LOCK = threading.RLock()


_unlocked_call_action = DynamoHandler.call_action


@wraps(_unlocked_call_action)
def _locked_call_action(handler: DynamoHandler) -> Any:
    with _DYNAMODB_LOCK:
        return _unlocked_call_action(handler)


def lock_dynamodb() -> None:
    """Let moto answer one DynamoDB call at a time: its conditional writes are not atomic."""
    handler: Any = DynamoHandler  # mypy refuses assignments to methods
    handler.call_action = _locked_call_action


# Their answers are items, which moto holds in the form that goes over the wire.
_ITEM_OPERATIONS = {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem"}

_serialized_by_model = DynamoResult.execute_result


def _serialized_as_it_is(result: DynamoResult, context: Any) -> TYPE_RESPONSE:
    if context.operation_model.name not in _ITEM_OPERATIONS:
        return _serialized_by_model(result, context)
    answer: Any = result.result
    body = dynamo_json_dump({key: value for key, value in answer.items() if value is not None})
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, body


def quicken_dynamodb() -> None:
    """Let moto write items as they are: by its model of AWS, reading one takes four times as long.

    For each attribute it tries the names of all ten types, each spelt in several ways.
    """
    answer: Any = DynamoResult  # mypy refuses assignments to methods
    answer.execute_result = _serialized_as_it_is


@contextmanager
def local_aws() -> Iterator[None]:
    """Answer all AWS calls of this process from memory, until the block ends.

    Enter it before the first client is made. Step Functions really runs its state machines.

    Raises:
        RuntimeError: this is a real Lambda function.
    """
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        raise RuntimeError("refusing to replace AWS by a mock inside Lambda")
    lock_dynamodb()
    quicken_dynamodb()
    # It prints a whole state machine, on one line, for each error that a workflow handles.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    with mock_aws(
        config={
            "stepfunctions": {"execute_state_machine": True},
            "lambda": {"use_docker": False},
        }
    ):
        yield
