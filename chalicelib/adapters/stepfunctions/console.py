"""Opens consoles by calling the step that may talk to the cloud."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.aws_clients import make_client
from chalicelib.config import Settings
from chalicelib.domain.errors import Conflict, Unavailable

# What the step may take. API Gateway waits 29 s for the whole answer: there is no second try.
_READ_SECONDS = 25


class LambdaConsoleOpener:
    """Invokes the step function `open_server_console` and waits for its answer."""

    def __init__(self, settings: Settings) -> None:
        self._function = settings.function_name_prefix + "open_server_console"

    @cached_property
    def _client(self) -> Any:
        return make_client("lambda", read_seconds=_READ_SECONDS, retries=0)

    def open(self, resource_id: str) -> str:
        """Return a fresh console URL.

        Raises:
            Unavailable: the step or the cloud did not answer.
            Conflict: the cloud has no console for this VM; says why.
        """
        try:
            answer = self._client.invoke(
                FunctionName=self._function, Payload=json.dumps({"resource_id": resource_id})
            )
            result = json.loads(answer["Payload"].read())
        except (ClientError, BotoCoreError, ValueError) as error:
            raise Unavailable(
                f"The console service did not answer ({type(error).__name__}). Try again."
            ) from error
        if answer.get("FunctionError"):
            raise _refused(result)
        return str(result["url"])


def _refused(result: dict[str, Any]) -> Exception:
    message = str(result.get("errorMessage", "The console could not be opened."))
    if result.get("errorType") in {"CloudRefused", "WrongStatus"}:
        return Conflict(message)
    return Unavailable(message)
