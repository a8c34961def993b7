"""Small helpers of the tests of the DynamoDB adapter."""

from __future__ import annotations

from botocore.exceptions import ClientError


class Recorder:
    """A sleeper that only counts."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.pauses.append(seconds)


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "PutItem")
