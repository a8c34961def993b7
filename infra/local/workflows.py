"""The state machines of infra/aws, made in this process's Step Functions."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from moto.stepfunctions.parser.utils import TMP_THREADS

from chalicelib.adapters.aws_clients import make_client
from infra.aws.workflows import definitions, with_arns
from infra.local.aws import ACCOUNT_ID, REGION

STATE_MACHINE_ARN_PREFIX = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:"
_FUNCTION_ARN_PREFIX = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:"
_ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/local-workflows"
_POLL_SECONDS = 0.02


def resolved(definition: str) -> str:
    """Return the definition with the ARNs that functions have here."""
    return with_arns(definition, _FUNCTION_ARN_PREFIX)


def create_state_machines() -> None:
    """Make one state machine per workflow; the first one takes seconds, for moto's parser."""
    client = make_client("stepfunctions")
    for name, definition in definitions().items():
        client.create_state_machine(name=name, definition=resolved(definition), roleArn=_ROLE_ARN)


def running_executions(arn_prefix: str = STATE_MACHINE_ARN_PREFIX) -> Iterator[str]:
    """Return the ARNs of the executions that are at work."""
    client = make_client("stepfunctions")
    for name in definitions():
        pages = client.get_paginator("list_executions").paginate(
            stateMachineArn=arn_prefix + name, statusFilter="RUNNING"
        )
        for page in pages:
            yield from (execution["executionArn"] for execution in page["executions"])


def stop_executions(seconds: float, arn_prefix: str = STATE_MACHINE_ARN_PREFIX) -> bool:
    """Stop every execution and wait for its thread; say whether all have ended.

    A thread that outlived the mock would call the real AWS.
    """
    client = make_client("stepfunctions")
    for arn in list(running_executions(arn_prefix)):
        client.stop_execution(executionArn=arn)
    deadline = time.monotonic() + seconds
    threads: list[Any] = TMP_THREADS
    while any(isinstance(t, threading.Thread) and t.is_alive() for t in threads):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    threads.clear()
    return True
