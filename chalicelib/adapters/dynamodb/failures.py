"""What can go wrong with the store, in the words of the domain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.exceptions import HTTPClientError
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
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise ConditionFailed from error
        if _is_passing(error):
            raise Unavailable("The database does not answer; try again.") from error
        raise


def _is_passing(error: PynamoDBException) -> bool:
    if isinstance(error.cause, BotoConnectionError | HTTPClientError):
        return True
    return error.cause_response_code in _PASSING_CODES
