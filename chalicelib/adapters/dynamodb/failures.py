"""What can go wrong with the store, in the words of the domain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from pynamodb.exceptions import PynamoDBException

from chalicelib.domain.errors import Unavailable

# Errors of the store's side that pass by themselves; botocore has retried them already.
_PASSING_CODES = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "500",
        "502",
        "503",
        "504",
    }
)
_NO_ANSWER = (BotoConnectionError, HTTPClientError)


class ConditionFailed(Exception):
    """The condition of a write did not hold: nothing was written, or a lost answer's retry."""


@contextmanager
def store_errors() -> Iterator[None]:
    """Translate what pynamodb raises inside the block.

    Raises:
        ConditionFailed: a conditional write was refused.
        Unavailable: the store does not answer, or is too busy.
        PynamoDBException: anything else; a mistake of ours or of the operator.
    """
    try:
        yield
    except PynamoDBException as error:
        code = _code(error)
        if code == "ConditionalCheckFailedException":
            raise ConditionFailed from error
        if code in _PASSING_CODES or isinstance(error.cause, _NO_ANSWER):
            raise Unavailable("The database does not answer; try again.") from error
        raise


def _code(error: PynamoDBException) -> str | None:
    # Not error.cause_response_code: it fails itself when the cause is a timeout.
    if not isinstance(error.cause, ClientError):
        return None
    code: str = error.cause.response.get("Error", {}).get("Code", "")
    return code
