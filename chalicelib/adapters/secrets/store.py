"""Reads one secret: a JSON object of texts. No value ever gets into a message or a log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.aws_clients import make_client


class SecretUnreadable(Exception):
    """The secret did not come; says why, without its content."""


class SecretMalformed(Exception):
    """The secret is not what is expected; names the members, without their values."""


def read_secret(
    secret_id: str, required: Iterable[str], optional: Iterable[str] = (), client: Any = None
) -> Mapping[str, str]:
    """Return the members of a secret.

    Raises:
        SecretUnreadable: Secrets Manager did not answer, or refuses; or nobody has filled it yet.
        SecretMalformed: members are missing, unknown or no texts; lists all of them.
    """
    client = client or make_client("secretsmanager")
    try:
        text = client.get_secret_value(SecretId=secret_id).get("SecretString", "")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise SecretUnreadable(f"the secret {secret_id} cannot be read ({code})") from error
    except BotoCoreError as error:
        kind = type(error).__name__
        raise SecretUnreadable(f"the secret {secret_id} cannot be read ({kind})") from error
    return _checked(secret_id, text, frozenset(required), frozenset(optional))


def _checked(
    secret_id: str, text: str, required: frozenset[str], optional: frozenset[str]
) -> Mapping[str, str]:
    try:
        members = json.loads(text)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        # Without the cause: a parser's error quotes the text.
        raise SecretMalformed(f"the secret {secret_id} must be a JSON object") from None
    mistakes = [f"{name} is missing" for name in sorted(required - members.keys())]
    mistakes += [f"{name} is unknown" for name in sorted(members.keys() - required - optional)]
    mistakes += [
        f"{name} must be a text that is not empty"
        for name, value in sorted(members.items())
        if not isinstance(value, str) or not value
    ]
    if mistakes:
        raise SecretMalformed(f"the secret {secret_id}: {', '.join(mistakes)}")
    return members
