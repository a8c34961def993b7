"""Workflows on AWS Step Functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.aws_clients import make_client
from chalicelib.config import Settings
from chalicelib.domain.errors import Unavailable


class StepFunctionsEngine:
    """Starts executions by name; one name is started once."""

    def __init__(self, settings: Settings) -> None:
        self._arn_prefix = settings.state_machine_arn_prefix

    @cached_property
    def _client(self) -> Any:
        return make_client("stepfunctions")

    def start(self, workflow: str, name: str, payload: Mapping[str, Any]) -> None:
        """Start an execution; fine when this very one was started before.

        Names derive from task and attempt, so an existing execution is the one that is meant.

        Raises:
            Unavailable: Step Functions did not take it.
        """
        try:
            self._client.start_execution(
                stateMachineArn=self._arn_prefix + workflow, name=name, input=json.dumps(payload)
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise _unavailable(error) from error
        except BotoCoreError as error:
            raise _unavailable(error) from error

    def is_running(self, workflow: str, name: str) -> bool:
        """Say whether this execution is still at work; an unknown one is not."""
        arn = (self._arn_prefix + workflow).replace(":stateMachine:", ":execution:")
        try:
            answer = self._client.describe_execution(executionArn=f"{arn}:{name}")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return False
            raise _unavailable(error) from error
        except BotoCoreError as error:
            raise _unavailable(error) from error
        return bool(answer["status"] == "RUNNING")


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable(f"The workflow engine did not answer ({type(error).__name__}).")
