"""The state machines of infra/aws, made in this process's Step Functions."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from moto.stepfunctions.parser.utils import TMP_THREADS

from chalicelib.adapters.stepfunctions.clients import make_client
from infra.local.aws import ACCOUNT_ID, REGION

DEFINITIONS = Path(__file__).parents[1] / "aws"
STATE_MACHINE_ARN_PREFIX = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:"
_FUNCTION_ARN_PREFIX = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:"
_ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/local-workflows"
_SUFFIX = ".asl.json"
_PLACEHOLDER = re.compile(r"\$\{(\w+)FunctionArn\}")
_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")
_POLL_SECONDS = 0.02


def function_name(placeholder: str) -> str:
    """Return the function that `PrepareRequest` of `${PrepareRequestFunctionArn}` stands for."""
    return _WORD_START.sub("_", placeholder).lower()


def placeholders(definition: str) -> set[str]:
    """Return the functions that a definition names, as in `PrepareRequest`."""
    return set(_PLACEHOLDER.findall(definition))


def definitions() -> dict[str, str]:
    """Return the text of each workflow's definition, by the workflow's name."""
    return {
        path.name.removesuffix(_SUFFIX): path.read_text(encoding="utf-8")
        for path in sorted(DEFINITIONS.glob(f"*{_SUFFIX}"))
    }


def resolved(definition: str) -> str:
    """Return the definition with the functions' ARNs in place of the placeholders."""
    return _PLACEHOLDER.sub(
        lambda found: _FUNCTION_ARN_PREFIX + function_name(found.group(1)), definition
    )


def create_state_machines() -> None:
    """Make one state machine per workflow; the first one takes seconds, for moto's parser."""
    client = make_client("stepfunctions")
    for name, definition in definitions().items():
        client.create_state_machine(name=name, definition=resolved(definition), roleArn=_ROLE_ARN)


def running_executions() -> Iterator[str]:
    """Return the ARNs of the executions that are at work."""
    client = make_client("stepfunctions")
    for name in definitions():
        pages = client.get_paginator("list_executions").paginate(
            stateMachineArn=STATE_MACHINE_ARN_PREFIX + name, statusFilter="RUNNING"
        )
        for page in pages:
            yield from (execution["executionArn"] for execution in page["executions"])


def stop_executions(seconds: float) -> bool:
    """Stop every execution and wait for its thread; say whether all have ended.

    A thread that outlived the mock would call the real AWS.
    """
    client = make_client("stepfunctions")
    for arn in list(running_executions()):
        client.stop_execution(executionArn=arn)
    deadline = time.monotonic() + seconds
    threads: list[Any] = TMP_THREADS
    while any(isinstance(t, threading.Thread) and t.is_alive() for t in threads):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    threads.clear()
    return True
